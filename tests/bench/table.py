"""What was measured, as one table."""

from dataclasses import dataclass
from statistics import median


@dataclass
class Row:
    """One figure. `beside` is the same figure of somebody else, in the same run; `met` is None where nothing is aimed at.

    `limit`: what is to be undercut. Where the floor is beyond it too, this machine has no room for it.
    """

    figure: str
    ours: float
    unit: str
    beside: float | None = None
    who: str = ""
    target: str = ""
    met: bool | None = None
    limit: float | None = None

    def cells(self):
        compared = "" if self.beside is None else f"{number(self.beside)} {self.unit} ({self.who})"
        ratio = "" if not self.beside else f"{self.ours / self.beside:.2f}"
        met = self.ours < self.limit if self.limit else self.met
        met = {True: "met", False: "**not met**", None: ""}[met]
        if self.limit and self.ours >= self.limit and self.beside and self.beside >= self.limit:
            met += ", nor by the floor"
        return [self.figure, f"{number(self.ours)} {self.unit}", compared, ratio, self.target, met]


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def middle(runs, key):
    return median(run[key] for run in runs)


def markdown(rows):
    head = ["figure", "sternpostd", "beside it, in the same run", "ratio", "target", ""]
    lines = [head, ["---"] * len(head), *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |\n" for line in lines)

"""What real shells offer at the end of a line: for each line, the words."""

import contextlib
import os
import pathlib
import pty
import subprocess
import tempfile
import threading
import time

LIMIT_SECONDS = 60
# As bash calls a completion function.
ASK_BASH = """
source "$1"
while IFS= read -r line; do
    read -ra COMP_WORDS <<<"$line"
    [[ $line != *' ' ]] || COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line} COMPREPLY=()
    _sternpost "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
    echo "${COMPREPLY[*]}"
done
"""
# Has each match written down before it is taken, and the end of a line's completion by a key of its own.
SET_UP_ZSH = """
PS1= RPS1= PS2=
unsetopt beep zle_bracketed_paste 2>/dev/null
fpath=({directory} $fpath)
autoload -Uz compinit
compinit -u -D
zstyle ':completion:*' matcher-list ''
function compadd {{
    if [[ ${{@[1,(i)(-|--)]}} == *-[OAD]\\ * ]]; then
        builtin compadd "$@"
        return
    fi
    local -a matches
    builtin compadd -A matches "$@"
    (( $#matches )) && print -rl -- $matches >>{offered}
    builtin compadd "$@"
}}
function end_of_line_completion {{
    print -r -- ---- >>{offered}
    zle kill-whole-line
}}
zle -N end_of_line_completion
bindkey '^X' end_of_line_completion
bindkey '^I' complete-word
: >{ready}
"""


def offered_by_bash(directory, lines):
    done = subprocess.run(["bash", "-c", ASK_BASH, "bash", directory / "sternpost.bash"], input="\n".join(lines) + "\n",
                          capture_output=True, text=True, check=True, timeout=LIMIT_SECONDS)
    return {line: set(words.split()) for line, words in zip(lines, done.stdout.splitlines(), strict=True)}


def offered_by_zsh(directory, lines):
    """Types each line into an interactive zsh, and Tab."""
    with tempfile.TemporaryDirectory() as scratch:
        set_up, ready, offered = (pathlib.Path(scratch) / name for name in ("set-up", "ready", "offered"))
        set_up.write_text(SET_UP_ZSH.format(directory=directory, ready=ready, offered=offered))
        offered.touch()
        with interactive_zsh(scratch) as keyboard:
            os.write(keyboard, f"source {set_up}\n".encode())
            wait_until(ready.exists, "zsh is ready")
            for number, line in enumerate(lines, start=1):
                os.write(keyboard, line.encode() + b"\t\x18")
                wait_until(lambda: offered.read_text().count("----\n") == number, f"zsh has completed {line!r}")
        parts = offered.read_text().split("----\n")
        return {line: set(part.split("\n")) - {""} for line, part in zip(lines, parts)}


@contextlib.contextmanager
def interactive_zsh(home):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("zsh", ["zsh", "-f", "-i"], {**os.environ, "HOME": home, "ZDOTDIR": home, "TERM": "dumb"})
    threading.Thread(target=drain, args=[terminal], daemon=True).start()
    try:
        yield terminal
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)


def drain(terminal):
    with contextlib.suppress(OSError):
        while os.read(terminal, 65536):
            pass


def wait_until(condition, what):
    end = time.monotonic() + LIMIT_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)


SHELLS = {"bash": offered_by_bash, "zsh": offered_by_zsh}

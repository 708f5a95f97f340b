#include "status_style.hpp"

namespace sternpost {

const std::string_view status_style = R"(
:root {
  --page: #f4f5f7; --card: #fff; --line: #dde1e6; --ink: #1c2126; --soft: #5b6671;
  --good: #16794f; --warn: #a65d00; --bad: #b3261e;
  --secure: #1c8a5f; --dane: #2b6cd4; --notfound: #b3bcc6; --temp: #e29313; --other: #c8382f; --range: #9db9e8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --card: #1d2125; --line: #343a41; --ink: #e8eaed; --soft: #9aa4ae;
    --good: #5fcf9f; --warn: #f2b35c; --bad: #ff8a80;
    --secure: #35a877; --dane: #5a95f0; --notfound: #5f6973; --temp: #e8a53a; --other: #ef6b62; --range: #39557f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--page); color: var(--ink);
  font: 0.95rem/1.45 system-ui, sans-serif;
}
h1 { font-size: 1.35rem; margin: 0; }
h1 small { color: var(--soft); font-weight: normal; font-size: 0.9rem; }
h2 { font-size: 1rem; margin: 0 0 0.6rem; }
p, ul { margin: 0; }
header { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; align-items: baseline; margin-bottom: 1rem; }
header .soft { flex-basis: 100%; }
.soft { color: var(--soft); }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.verdict { font-weight: 600; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem; padding: 0.9rem 1rem; margin-bottom: 1rem; }
.troubles { border-left: 0.3rem solid var(--bad); list-style: none; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 0.7rem; margin: 0 0 1rem; }
.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem; padding: 0.6rem 0.8rem; }
.tiles dt { color: var(--soft); font-size: 0.82rem; }
.tiles dd { margin: 0; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
.at-left { text-anchor: end; } .below { text-anchor: middle; } .below.last { text-anchor: end; }
.grid { stroke: var(--line); stroke-width: 1; }
.secure { fill: var(--secure); } .dane-only { fill: var(--dane); } .notfound { fill: var(--notfound); }
.temp { fill: var(--temp); } .other { fill: var(--other); } .range { fill: var(--range); } .half { fill: var(--dane); }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; list-style: none; padding: 0; margin-bottom: 0.4rem; font-size: 0.82rem; }
.legend svg { display: inline-block; width: 0.7rem; height: 0.7rem; margin-right: 0.35rem; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; font-size: 0.82rem; color: var(--soft); white-space: nowrap; }
th, td { padding: 0.35rem 0.8rem 0.35rem 0; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
td { overflow-wrap: anywhere; }
td.short { white-space: nowrap; font-variant-numeric: tabular-nums; }
td.name { font-weight: 600; min-width: 12rem; }
code { font: 0.85em ui-monospace, monospace; }
@media (max-width: 44rem) {
  body { padding: 0.7rem; }
  .pair { grid-template-columns: 1fr; }
  .tiles { grid-template-columns: 1fr 1fr; }
  svg text { font-size: 19px; }
  thead { display: none; }
  tr, td { display: block; }
  tr { padding: 0.4rem 0; border-bottom: 1px solid var(--line); }
  tr:last-child { border-bottom: 0; }
  td { border: 0; padding: 0.05rem 0; }
  td.short { display: inline-block; margin-right: 0.9rem; }
  td[data-is]::before { content: attr(data-is) " "; color: var(--soft); font-size: 0.82rem; }
}
)";

}  // namespace sternpost

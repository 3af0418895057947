"""How a page looks: a measurement report, on paper, on a telephone and at night."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --dim: #59626c; --rule: #d5dae0; --faint: #eceff2;
  --blue: #0068a8; --orange: #b84a00; --green: #00785a; --bad: #b00020; --good: #11683a; }
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #14171a; --ink: #e4e7ea; --dim: #9aa4ae; --rule: #3a424a; --faint: #22272c;
    --blue: #63b3e8; --orange: #f0935a; --green: #4cc9a0; --bad: #ff7a8a; --good: #6fd39a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; padding-top: .5rem; border-top: 2px solid var(--ink); }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p { max-width: 44rem; margin: .5rem 0; }
.warning { border: 2px solid var(--orange); padding: .5rem .75rem; font-weight: 600; max-width: none; }
.verdict { font-size: 1.15rem; font-weight: 600; border-left: .35rem solid; padding: .25rem .75rem; max-width: none; }
.verdict.passed { border-color: var(--good); } .verdict.failed { border-color: var(--bad); }
.note, caption, figcaption { color: var(--dim); font-size: .87rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.25rem; margin: .75rem 0; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .25rem; }
th, td { text-align: left; vertical-align: top; padding: .22rem .9rem .22rem 0; border-bottom: 1px solid var(--faint); }
thead th { border-bottom: 1px solid var(--ink); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 400; } .n { text-align: right; white-space: nowrap; } tr > :last-child { padding-right: 0; }
td:not(.n), tbody th { max-width: 26rem; min-width: 6rem; overflow-wrap: break-word; }
.no { color: var(--bad); font-weight: 600; white-space: nowrap; }
summary { cursor: pointer; color: var(--blue); margin: .75rem 0 .25rem; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .9em; }
figure { margin: 1rem 0; } .narrow { display: none; }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, "Liberation Sans", sans-serif; }
svg text { fill: var(--dim); font-variant-numeric: tabular-nums; } svg .label { fill: var(--ink); }
.axis { stroke: var(--dim); } .grid { stroke: var(--faint); }
.ideal { stroke: var(--rule); stroke-width: 1.5; } .limit { stroke: var(--ink); stroke-dasharray: 4 3; }
.trunk, .way { fill: none; stroke: var(--dim); stroke-width: 1.2; }
.mark { stroke-width: 1.3; }
.key { display: inline-block; width: 14px; height: 14px; vertical-align: -2px; margin: 0 .3rem 0 .9rem; }
.key:first-child { margin-left: 0; }
@media (max-width: 640px) { .wide { display: none; } .narrow { display: block; } body { font-size: 14px; }
  table { font-size: 13px; } th, td { padding-right: .6rem; } td:not(.n), tbody th { min-width: 4.5rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .4rem; } svg { max-width: 30rem; } }
@media print { details > * { display: block; } .scroll { overflow: visible; } }
"""

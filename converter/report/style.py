"""Rules of the charts of conversions and evaluations, beside those of every page."""

from typing import Final

STYLE: Final = """
.verdict.passed_with_accepted_losses { border-color: var(--orange); }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: .75rem; }
.panels figure { margin: 0; } .panels figcaption { color: var(--ink); line-height: 1.3; overflow-wrap: anywhere; }
.points { stroke: var(--blue); stroke-width: 3.4; stroke-linecap: round; stroke-opacity: .55; fill: none; }
.flips { stroke: var(--bad); stroke-width: 2; fill: none; }
.mark.int8, .mark.clean, .mark.step { fill: var(--blue); stroke: var(--blue); }
.mark.dynamic, .mark.spoilt { fill: none; stroke: var(--orange); } .mark.float { fill: none; stroke: var(--green); }
.mark.dynamic { fill: var(--orange); } .chosen { fill: none; stroke: var(--ink); stroke-width: 2; }
"""

"""Rules of the charts of benchmarks, beside those of every page."""

from typing import Final

STYLE: Final = """
:root { --violet: #6b3fa0; --olive: #7a6200; --rose: #a8005c; --grey: #8a939c; }
@media screen and (prefers-color-scheme: dark) {
  :root { --violet: #b79af0; --olive: #d6bf58; --rose: #f290c0; --grey: #78828c; } }
.c0 { --c: var(--blue); } .c1 { --c: var(--orange); } .c2 { --c: var(--green); } .c3 { --c: var(--violet); }
.c4 { --c: var(--olive); } .c5 { --c: var(--rose); } .c-rest { --c: var(--grey); }
.worse { --c: var(--bad); } .better { --c: var(--good); }
.mark.worse, .mark.better, .mark[class*=" c"] { fill: var(--c); stroke: var(--c); }
.area { fill: var(--c); fill-opacity: .3; stroke: var(--c); stroke-width: 1; }
.bar { fill: var(--c); stroke: var(--paper); stroke-width: 1; }
.rule { stroke: var(--c); stroke-width: 1.6; fill: none; }
.rule.beyond { stroke-dasharray: 5 4; } .stem { stroke: var(--c); stroke-width: 1.2; stroke-dasharray: 2 2; }
.cap { stroke: var(--c); stroke-width: 2.2; } .middle { stroke: var(--ink); stroke-width: 2; }
.tail { stroke: var(--ink); stroke-width: 1.2; } .process { stroke: var(--c); stroke-width: 1.6; }
.mark.most { fill: var(--paper); stroke: var(--ink); }
svg .on { fill: var(--paper); font-weight: 600; } svg .name { fill: var(--ink); font-weight: 600; }
svg .halo { stroke: var(--paper); stroke-width: 4; paint-order: stroke; stroke-linejoin: round; }
.demonstration { color: var(--orange); font-weight: 700; white-space: nowrap; }
h3:has(+ .quality) { margin-bottom: 0; } .quality { margin: 0 0 .25rem; max-width: none; }
.quality::first-letter { text-transform: uppercase; } .keys { margin: .1rem 0 .2rem; }
.packs td:last-child { min-width: 16rem; }
.packs td:nth-last-child(2):not(.n) { min-width: 10rem; } .packs tbody th { min-width: 9rem; }
.starts td:nth-child(2) { min-width: 13rem; }
tbody th { min-width: 7rem; }
h4 { font-size: .95rem; margin: 1rem 0 .25rem; }
.verdict.unknown { border-color: var(--rule); } .yes { color: var(--good); font-weight: 600; }
.key.box { width: 12px; height: 12px; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; }
  h2, h3, .quality { break-after: avoid; }
  figure, tr, .verdict, .warning { break-inside: avoid; } .wide { display: block; } .narrow { display: none; }
  table { font-size: 8.5pt; } td:not(.n), tbody th, .packs td { min-width: 0 !important; }
  svg { max-width: 17cm; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  @page { margin: 15mm; } }
"""

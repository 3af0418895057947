"""Colours, sizes and weights of a picture, mm; hues that people who see colours differently can tell apart."""

from typing import Final

STYLE: Final = """
.ecg { font-family: Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif; fill: #1a1a1a; }
.ecg path { fill: none; }
.ecg .page { fill: #fff; }
.ecg .paper { fill: #fffafa; }
.ecg .fine { stroke: #f6cfcf; stroke-width: .1; }
.ecg .bold { stroke: #e79a9a; stroke-width: .18; }
.ecg .pulse { stroke: #1a1a1a; stroke-width: .25; stroke-linejoin: round; }
.ecg .millivolt { font-size: 1.9px; fill: #444; stroke: #fffafa; stroke-width: .8; paint-order: stroke; }
.ecg .trace { stroke: #101018; stroke-width: .25; stroke-linejoin: round; stroke-linecap: round; }
.ecg .clipped { stroke: #d0021b; stroke-width: .7; }
.ecg .gap { fill: url(#hatch); stroke: #777; stroke-width: .12; }
.ecg .hatching { stroke: #8a8a8a; stroke-width: .3; }
.ecg .named { font-size: 2.6px; font-weight: bold; fill: #333; stroke: #fff; stroke-width: .9; paint-order: stroke; }
.ecg .P { fill: #0072b2; } .ecg .QRS { fill: #d55e00; } .ecg .T { fill: #009e73; }
.ecg .tint { opacity: .13; }
.ecg .beat { text-anchor: middle; }
.ecg .normal { font-size: 1.9px; fill: #777; }
.ecg .ectopic { font-size: 3px; font-weight: bold; }
.ecg .S { fill: #0057a8; } .ecg .V { fill: #c0141c; } .ecg .F { fill: #8a5a00; } .ecg .Q { fill: #6a2c91; }
.ecg .rr { font-size: 1.8px; fill: #777; text-anchor: middle; }
.ecg .q-good { fill: #dcebe4; } .ecg .q-rate { fill: #ffd98a; } .ecg .q-nothing { fill: #b9b9c2; }
.ecg .q-unread { fill: #efefef; }
.ecg .why { font-size: 1.9px; fill: #222; text-anchor: middle; }
.ecg .ticks path { stroke: #555; stroke-width: .15; }
.ecg .time { font-size: 2px; fill: #444; text-anchor: middle; }
.ecg .title { font-size: 4.6px; font-weight: bold; }
.ecg .channel { font-size: 3.4px; font-weight: normal; }
.ecg .value { font-size: 4.6px; font-weight: bold; }
.ecg .unit { font-size: 2.3px; font-weight: normal; fill: #555; }
.ecg .small { font-size: 2.3px; fill: #444; }
.ecg .scale { font-size: 2.6px; font-weight: bold; }
.ecg .tiny { font-size: 1.9px; fill: #666; }
.ecg .warning { font-size: 2.6px; font-weight: bold; fill: #8c1018; }
"""

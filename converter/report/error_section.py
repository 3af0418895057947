"""Where along the network the error comes from: measured, and predicted."""

from collections import defaultdict
from typing import Final

from converter.report.charts import layer_ratios
from converter.report.facts import Report
from converter.report.layers import LayerError
from converter.report.signs import ARITHMETIC
from edge.page.axes import both_widths
from edge.page.legend import legend
from edge.page.markup import Column, Markup, element, join, number, plural, table

_SHOWN: Final = 10


def error_section(report: Report) -> Markup:
    """Say where the error is born, and which operators it is predicted to come from."""
    return join(
        [
            element("h2", "Where does the error come from?"),
            _measured(report.layers, report.n_layer_windows),
            _predicted(report),
        ]
    )


def _measured(layers: tuple[LayerError, ...], n_windows: int) -> Markup:
    if not layers:
        return element("p", "The error along the network was not measured.")
    chart = both_widths("layers", lambda name, width: layer_ratios(name, width, layers))
    key = legend((sign, how) for how, sign in ARITHMETIC.items() if any(layer.arithmetic == how for layer in layers))
    caption = (
        f"Measured over {plural(n_windows, 'window')} on the runtime's own kernels, without its delegate; the line "
        "joins the sums that one block hands to the next. High is good."
    )
    losses = sorted(layers, key=lambda layer: -layer.lost_db)[:_SHOWN]
    note = (
        "Below: where the ratio falls most. Lost is what the worst input of the operator had more of it; ∞ is where "
        "the error begins. Clipped is the share of values beyond what the int8 tensor can hold."
    )
    summary = element("summary", f"All {plural(len(layers), 'tensor')}")
    return join(
        [
            element("figure", chart, element("figcaption", key, ". ", caption)),
            element("p", note, class_="note"),
            _layers(losses, "Where most is lost"),
            element("details", summary, _layers(layers, "In the order of the graph")),
        ]
    )


def _layers(layers: tuple[LayerError, ...] | list[LayerError], caption: str) -> Markup:
    numbers = ("signal to error, dB", "lost, dB", "clipped", "RMS value", "RMS error")
    columns = [Column("tensor"), *(Column(heading, is_number=True) for heading in numbers)]
    columns += [Column("operator"), Column("arithmetic")]
    rows = [
        (
            layer.name,
            number(layer.sqnr_db, ".1f"),
            number(layer.lost_db, ".1f"),
            f"{layer.clipped:.3%}",
            number(layer.rms_value, ".3g"),
            number(layer.rms_error, ".2g"),
            layer.kind,
            layer.arithmetic,
        )
        for layer in layers
    ]
    return table(columns, rows, caption=caption)


def _predicted(report: Report) -> Markup:
    if not report.arithmetic:
        return Markup("")
    counts: defaultdict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(ARITHMETIC, 0))
    shares: defaultdict[str, float] = defaultdict(float)
    for operator in report.arithmetic:
        counts[operator.kind][operator.arithmetic] += 1
        shares[operator.kind] += operator.noise_share
    kinds = [
        (kind, f"{shares[kind]:.1%}", *(str(counts[kind][how]) for how in ARITHMETIC))
        for kind in sorted(counts, key=lambda kind: -shares[kind])
    ]
    by_kind = [Column("operators")] + [Column(said, is_number=True) for said in ("share of noise", *ARITHMETIC)]
    largest = sorted(report.arithmetic, key=lambda operator: -operator.noise_share)[:_SHOWN]
    singly = [(o.name, f"{o.noise_share:.1%}", o.kind, o.arithmetic) for o in largest if o.noise_share > 0]
    columns = [Column("tensor"), Column("share of noise", is_number=True), Column("operator"), Column("arithmetic")]
    note = (
        "To first order, from derivatives of the outputs: which tensor's rounding moves the outputs, whatever its own "
        "ratio. Shares of the predicted squared error of an output. Dynamic operators round what they read."
    )
    return join(
        [
            element("h3", "Predicted: what reaches the outputs"),
            element("p", note, class_="note"),
            table(by_kind, kinds, caption="By kind of operator"),
            table(columns, singly, caption="The largest shares") if singly else Markup(""),
        ]
    )

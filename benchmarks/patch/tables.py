"""The rows as tables of 120 columns."""

from collections.abc import Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.table import Table

from benchmarks.patch.measure import STUDENT, Row
from benchmarks.patch.published import AIMS, PUBLISHED
from converter.patch.emulated import Kind

WIDTH: Final = 120


def totals(rows: Sequence[Row]) -> Table:
    """All in all: instructions, memory, flash, differences."""
    table = _table(
        "A window as C on emulated cores",
        ("network", "core", "kernels", "all", "a MAC", "preprocess", "RAM", "code", "tables", "weights", "differ"),
        "Millions of instructions, all and for preprocessing; a MAC: the rest of them for each multiplication of the "
        "layers with weights. Bytes of RAM with the stack, and of flash. Values that differ from TFLite Micro's.",
    )
    for row in rows:
        counted, taken = row.counted, row.counted.footprint
        table.add_row(
            row.network,
            row.variant.core,
            row.variant.name,
            _millions(counted.total),
            f"{counted.infer / macs(row):.2f}",
            "-" if counted.preprocess is None else _millions(counted.preprocess),
            f"{counted.ram_bytes:,}",
            f"{taken.code_bytes:,}",
            f"{taken.tables_bytes:,}",
            f"{taken.weights_bytes:,}",
            f"{row.differing}",
        )
    return table


def by_kind(rows: Sequence[Row]) -> Table:
    """Instructions of each kind of work, and how many a MAC or an element."""
    table = _table(
        "Instructions by kind of work: millions, and for each multiplication or element",
        ("network", "core", "kernels", *Kind),
        "A MEAN counts the elements it reads, the rest those they write.",
    )
    for row in rows:
        kinds = row.counted.by_kind()
        cells = (
            f"{_millions(kinds[kind][0])}\n{kinds[kind][0] / kinds[kind][1]:.2f}" if kind in kinds else "-"
            for kind in Kind
        )
        table.add_row(row.network, row.variant.core, row.variant.name, *cells)
    return table


def beside_the_study(rows: Sequence[Row]) -> Table:
    """The student beside its aims and what was published of TFLite Micro."""
    table = _table(
        "The student's network beside the study's: another network of the same class (163 k parameters, 5.15 M MACs)",
        ("core", "what", "M instructions", "RAM", "flash beyond weights"),
        "The study's RAM is the arena, ours the static memory with the stack; its flash holds a flatbuffer besides.",
    )
    for one in PUBLISHED:
        beyond = "-" if one.beyond_weights_bytes is None else f"{one.beyond_weights_bytes:,} + {one.flatbuffer_bytes:,}"
        table.add_row(one.core, f"the study: {one.name}", _millions(one.instructions), f"{one.ram_bytes:,}", beyond)
    for core, aim in AIMS.items():
        table.add_row(
            core, "aim", _millions(aim.instructions), f"{aim.ram_bytes:,}" if aim.ram_bytes else "-",
            f"{aim.beyond_weights_bytes:,}" if aim.beyond_weights_bytes else "-",
        )  # fmt: skip
    for row in rows:
        if row.network == STUDENT:
            table.add_row(
                row.variant.core, f"ours: {row.variant.name}", _millions(row.counted.total),
                f"{row.counted.ram_bytes:,}", f"{row.counted.footprint.beyond_weights_bytes:,}",
            )  # fmt: skip
    return table


def macs(row: Row) -> int:
    """Multiplications of the layers with weights."""
    weighted = (Kind.CONV, Kind.POINTWISE, Kind.DENSE, Kind.DEPTHWISE)
    return sum(units for kind, (_, units) in row.counted.by_kind().items() if kind in weighted)


def _millions(instructions: float) -> str:
    return f"{instructions / 1e6:.2f}"


def _table(title: str, columns: Sequence[str], caption: str) -> Table:
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left", box=SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, justify="left" if column in _WORDS else "right", no_wrap=True)
    return table


_WORDS: Final = ("network", "core", "kernels", "what")
"""Headings of columns of words."""

"""A comparison for people: a table a pack, its accuracy beside its speed, and the verdict below."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from benchmarks.bench.comparing.comparison import Comparison, Named, PackComparison
from benchmarks.bench.comparing.matching import SAME_MACHINE
from benchmarks.bench.comparing.side_by_side import side_by_side
from benchmarks.bench.comparing.verdict import Judged, Row, Verdict
from benchmarks.bench.comparing.words import accuracy_line, briefly, figure, interval, what
from benchmarks.bench.result import Machine, PackResult

_STYLES: Final = {Verdict.WORSE: "bold red", Verdict.BETTER: "green", Verdict.ONE_RUN: "yellow"}
_DEMONSTRATION: Final = "DEMONSTRATION"
_COMMIT: Final = 10
"""Digits of a commit that are shown."""
_SHORT: Final = {
    Verdict.NONE_SHOWN: "none shown",
    Verdict.ONE_RUN: "one run",
    Verdict.NOT_JUDGED: "",
    Verdict.NO_RATIO: "not > 0",
}


def page(comparisons: Sequence[Comparison]) -> Iterator[RenderableType]:
    """Give what is printed of one base and its others, in order."""
    if len(comparisons) > 1:
        yield from side_by_side(comparisons)
    for comparison in comparisons:
        yield _sources(comparison)
        for pack in comparison.packs:
            yield from _pack(pack)
        yield from _lonely_packs(comparison)
        yield from _notes(comparison)
        yield _conclusion(comparison)


def _sources(comparison: Comparison) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for role, named in (("base", comparison.base), ("other", comparison.other)):
        table.add_row(role, escape(_source(named)))
    if comparison.same_machine:
        table.add_row("machine", escape(_machine(comparison.base.result.machine)))
    else:
        table.add_row("base's machine", escape(_machine(comparison.base.result.machine)))
        table.add_row("other's machine", escape(_machine(comparison.other.result.machine)))
    return table


def _source(named: Named) -> str:
    result = named.result
    changed = "+" if result.commit.endswith("+") else ""
    of = (
        f"commit {result.commit.removesuffix('+')[:_COMMIT]}{changed}"
        if result.commit
        else f"release {result.machine.anyecg}"
    )
    return f"{named.name}: {of}, {result.machine.runtime}, {result.created}"


def _machine(machine: Machine) -> str:
    board = f", {machine.board}" if machine.board else ""
    size = f"{machine.n_cores} cores, {machine.memory_mb / 1e3:.1f} GB"
    return f"{machine.processor} ({machine.architecture}, {size}{board})"


def _pack(pack: PackComparison) -> Iterator[RenderableType]:
    kernels = pack.base.kernel_family
    if pack.judged is Judged.OTHER_KERNELS:
        kernels = f"{kernels} against {pack.other.kernel_family}"
    title = f"{pack.base.label}, {pack.base.quantisation}, {kernels}"
    if pack.base.demonstration and _DEMONSTRATION not in title:
        title += f", {_DEMONSTRATION}"
    table = Table(title="\n" + escape(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("quantity", overflow="fold")
    for heading in ("base", "other"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("ratio, 95 %", justify="right", no_wrap=True)
    table.add_column("difference", no_wrap=True)
    for row in pack.rows:
        style = _STYLES.get(row.verdict, "dim")
        said = escape(_SHORT.get(row.verdict, row.said))
        star = "*" if row.corrected else " "
        table.add_row(
            escape(what(row.base)),
            figure(row.base),
            figure(row.other),
            f"{interval(row.ratio)}{star}",
            f"[{style}]{said}[/]",
        )
    if pack.rows:
        yield table
    else:
        yield Text(f"\n{title}: nothing was measured under the same conditions", style="yellow")
    yield Text(accuracy_line(pack.base.accuracy))
    if pack.other.accuracy != pack.base.accuracy:
        yield Text(f"the other's {accuracy_line(pack.other.accuracy)}")
    for role, lonely in (("base", pack.only_base), ("other", pack.only_other)):
        if lonely:
            yield Text(f"only in {role}, not compared: {briefly(lonely)}", style="dim")


def _lonely_packs(comparison: Comparison) -> Iterator[Text]:
    for role, packs in (("base", comparison.only_base), ("other", comparison.only_other)):
        if packs:
            yield Text(f"\nonly in {role}, not compared: {', '.join(map(_model, packs))}", style="dim")


def _model(pack: PackResult) -> str:
    return f"{pack.label} (model {pack.model_sha256[:8]}, {pack.kernel_family})"


def _notes(comparison: Comparison) -> Iterator[Text]:
    notes = []
    if any(row.corrected for row in comparison.rows):
        notes.append("* each process's figure over its yardstick: the machine's speed of the moment drops out")
    if comparison.noisy:
        noisy = [f"{named.name}: {'; '.join(named.result.mood.noisy)}" for named in _both(comparison) if named.noisy]
        notes.append(f"noisy machine, intervals are wider by a fifth ({' | '.join(noisy)})")
    if notes:
        yield Text("\n" + "\n".join(notes), style="dim")


def _both(comparison: Comparison) -> tuple[Named, Named]:
    return comparison.base, comparison.other


def _conclusion(comparison: Comparison) -> Text:
    if not comparison.rows:
        return Text("nothing in the two is alike: not compared\n", style="yellow")
    if not comparison.same_machine:
        return Text(f"{Judged.OTHER_MACHINE} (the same is: {SAME_MACHINE})\n", style="yellow")
    judged = [(pack.base, row) for pack in comparison.packs if pack.judged is Judged.YES for row in pack.rows]
    beyond = f"beyond noise and {100.0 * comparison.threshold:g} %"
    worse, better = _named(judged, Verdict.WORSE), _named(judged, Verdict.BETTER)
    said = Text()
    if worse:
        said.append(f"REGRESSION {beyond}: {worse}\n", style="bold red")
    if better:
        said.append(f"better {beyond}: {better}\n", style="green")
    if any(pack.judged is Judged.OTHER_KERNELS for pack in comparison.packs):
        said.append(f"{Judged.OTHER_KERNELS}\n", style="yellow")
    one_run = sum(row.verdict is Verdict.ONE_RUN for _, row in judged)
    if one_run:
        said.append(f"{one_run} of {len(judged)} quantities have one run: no verdict; measure more\n", style="yellow")
    settled = len(judged) - one_run
    if settled and not worse:
        none = "no regression" if better else "no difference shown"
        said.append(f"{none} {beyond} in {settled} quantities\n", style="green")
    return said


def _named(judged: Sequence[tuple[PackResult, Row]], verdict: Verdict, most: int = 6) -> str:
    found = [(pack, row) for pack, row in judged if row.verdict is verdict]
    by_pack: dict[str, list[str]] = {}
    for pack, row in found[:most]:
        ratio = f" x {row.ratio.value:.2f}" if row.ratio else ""
        by_pack.setdefault(pack.label, []).append(f"{what(row.base)}{ratio}")
    more = len(found) - most
    named = " | ".join(f"{label}: {'; '.join(rows)}" for label, rows in by_pack.items())
    return named + (f"; and {more} more" if more > 0 else "")

"""The page for people: it needs nothing but itself, and runs nothing."""

from collections.abc import Sequence

from benchmarks.bench.comparing.comparison import Comparison, Named, compare_results
from benchmarks.bench.report.comparison import comparison_section
from benchmarks.bench.report.heading import heading, title_of
from benchmarks.bench.report.latency import latency_section
from benchmarks.bench.report.memory import memory_section
from benchmarks.bench.report.operators import operators_section
from benchmarks.bench.report.roofline import roofline_section
from benchmarks.bench.report.series import series_of, subjects_of
from benchmarks.bench.report.stages import stages_section
from benchmarks.bench.report.streams import streams_section
from benchmarks.bench.report.style import STYLE
from benchmarks.bench.report.tables import energy_section, starts_section, throughput_section
from benchmarks.bench.report.verdict import verdict_section
from edge.page.markup import Markup, element, facts, join
from edge.page.sheet import sheet

_WORDS = (
    ("steady", "After warming up, one window after the other."),
    ("p50, p95, p99", "So many per cent of the windows took that long or less."),
    ("process", "Each measurement is repeated in new processes: memory lies elsewhere in each, and so do its figures."),
    ("yardstick", "A fixed piece of work, timed in turn with the values: how fast the machine was just then."),
    ("MAC", "A multiply-accumulate, the arithmetic of a network."),
    (
        "floor, peak",
        "The most the same runtime does of int8 arithmetic and of reading memory on this machine, measured.",
    ),
    ("wearable", "A single-lead ECG stream, in windows of 10 s; hop: from one window's start to the next one's."),
    ("MB, GB", "10⁶ and 10⁹ bytes."),
)


def comparisons_of(results: Sequence[Named]) -> tuple[Comparison, ...]:
    """Compare each further result with the first."""
    return tuple(compare_results(results[0], other) for other in results[1:])


def render(results: Sequence[Named], comparisons: Sequence[Comparison]) -> str:
    """Write results as one self-contained HTML page, without scripts.

    Parameters
    ----------
    results
        At least one, at most `benchmarks.bench.report.series.MOST`.
    comparisons
        Of each further one with the first.
    """
    series = series_of(results)
    subjects = subjects_of(series)
    sections = [
        heading(series, subjects),
        verdict_section(subjects),
        comparison_section(series, comparisons),
        latency_section(subjects),
        stages_section(subjects),
        throughput_section(subjects),
        streams_section(subjects),
        memory_section(subjects),
        roofline_section(subjects),
        operators_section(subjects),
        starts_section(subjects),
        energy_section(subjects, series),
        _words(),
    ]
    return sheet(title_of(series, subjects), sections, style=STYLE)


def _words() -> Markup:
    return join([element("h2", "Words"), facts(_WORDS)])

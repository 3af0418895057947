"""A comparison as Markdown: one table for each question."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from benchmarks.peers.measure import Comparison
from benchmarks.peers.peak import CHANNELS, ROWS, peak_name
from benchmarks.peers.timing import Timing, ratio
from benchmarks.peers.variants import BASELINE
from converter.quantise import Mode

_METHOD: Final = (
    "Each round runs every variant and every matrix product once, in random order, in one process; times are for one "
    "window, from preprocessed float32 samples to float32 logits. Threads of onnxruntime (allow_spinning 0) and of "
    "torch (OMP_WAIT_POLICY=PASSIVE) do not spin between calls, since they would take the cores of the next variant. "
    "Ratios are of medians, with a 95 % bootstrap interval over the rounds."
)


def tables(comparison: Comparison) -> str:
    """Render a comparison, every table with what it was measured on."""
    parts = [_method(comparison)]
    for n, timed in comparison.timings.items():
        parts += [_speed(comparison, n, timed), _peak(comparison, n, timed)]
    return "\n\n".join([*parts, _accuracy(comparison), _processes(comparison)])


def _method(comparison: Comparison) -> str:
    loads = ", ".join(f"{load:.1f}" for load in comparison.load_average)
    sentences = [
        f"{'; '.join(comparison.versions.values())}.",
        f"Load before and after each number of threads: {loads}.",
        f"{comparison.settings.n_rounds} rounds. {comparison.macs / 1e9:.3f} GMAC a window.\n\n{_METHOD}",
    ]
    if "onnxruntime" in comparison.versions:
        from benchmarks.peers.onnx_model import STATIC_SETTINGS  # noqa: PLC0415 - only where onnx is installed

        sentences.append(f"onnxruntime int8: {STATIC_SETTINGS}.")
    missing = sorted({"onnxruntime", "torch"} - comparison.versions.keys())
    if missing:
        sentences.append(f"\n\nNot measured, not installed: {', '.join(missing)} (pip install 'anyecg-edge[peers]').")
    return " ".join(sentences)


def _speed(comparison: Comparison, n_threads: int, timed: dict[str, Timing]) -> str:
    base = timed[BASELINE]
    rows = []
    for name in comparison.size_bytes:
        t = timed[name]
        wall = (f"{f(t.wall_ms):.2f}" for f in (np.median, np.min, lambda ms: np.percentile(ms, 95)))
        cpu = (f"{f(t.cpu_ms):.2f}" for f in (np.median, np.min))
        rows.append([name, *wall, *cpu, f"{ratio(t.wall_ms, base.wall_ms)}", f"{ratio(t.cpu_ms, base.cpu_ms)}"])
    heading = ["variant", "wall, ms", "min", "p95", "CPU, ms", "min", f"wall / {BASELINE}", f"CPU / {BASELINE}"]
    return _table(f"How long does one window take? {_threads(n_threads)}", heading, rows)


def _peak(comparison: Comparison, n_threads: int, timed: dict[str, Timing]) -> str:
    rows = []
    for mode in (Mode.FULL, Mode.FLOAT):
        peak = timed[peak_name(mode, ROWS[0])]
        for rows_of_product in ROWS:
            name = peak_name(mode, rows_of_product)
            rows.append([name, *_rates(timed[name], 1.0), *_share(timed[name], peak, 1.0)])
        variant = f"anyecg {mode}"
        work = comparison.macs / 1e9
        rows.append([f"**{variant}**", *_rates(timed[variant], work), *_share(timed[variant], peak, work)])
    heading = ["what", "GMAC/s wall", "best", "GMAC/s CPU", "best", f"of the M = {ROWS[0]} product, wall", "CPU"]
    title = f"How much of the peak is that? XNNPACK's product, K = N = {CHANNELS}, {_threads(n_threads)}"
    return _table(title, heading, rows)


def _rates(timing: Timing, work: float) -> Iterator[str]:
    """Median and best rate, GMAC/s, by wall and by CPU time."""
    for ms in (timing.wall_ms, timing.cpu_ms):
        yield f"{work / np.median(ms) * 1e3:.0f}"
        yield f"{work / np.min(ms) * 1e3:.0f}"


def _share(timing: Timing, peak: Timing, work: float) -> Iterator[str]:
    """Median rate over the peak's median rate."""
    for ms, of in ((timing.wall_ms, peak.wall_ms), (timing.cpu_ms, peak.cpu_ms)):
        yield f"{work * np.median(of) / np.median(ms):.0%}"


def _accuracy(comparison: Comparison) -> str:
    rows = []
    for name, agreed in comparison.agreement.items():
        spearman = f"{agreed.spearman_median:.5f}", f"{agreed.spearman_min:.4f}"
        flips = f"{agreed.sign_flips} of {agreed.n_logits}"
        size = f"{comparison.size_bytes[name] / 1e6:.1f}"
        rows.append([name, size, *spearman, f"{agreed.max_abs_logit:.2g}", flips])
    settings = comparison.settings
    title = (
        f"What is kept? Against {comparison.reference}, on {settings.n_test} synthetic windows; calibrated with "
        f"{settings.n_calibration} others"
    )
    heading = ["variant", "file, MB", "Spearman, median output", "worst", "max abs logit", "sign flips"]
    return _table(title, heading, rows)


def _processes(comparison: Comparison) -> str:
    rows = []
    for name, figures in comparison.processes.items():
        cells = [f"{f.median:.3g} ({min(f.values):.3g} - {max(f.values):.3g})" for f in figures]
        rows.append([name, *cells])
    title = (
        f"What does a process of its own take? Median and range of {comparison.settings.n_processes}, one thread; the "
        "runtime alone, without the rest of this product"
    )
    return _table(title, ["variant", "import, s", "load, s", "first window, s", "peak RSS, MB"], rows)


def _threads(n: int) -> str:
    return f"{n} thread{'s' * (n != 1)}"


def _table(title: str, heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return f"**{title}**\n\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

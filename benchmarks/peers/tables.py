"""A comparison as Markdown: one table for each question, 120 columns wide at most."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from benchmarks.peers.accuracy import Agreements
from benchmarks.peers.aims import aims
from benchmarks.peers.comparison import Comparison
from benchmarks.peers.peak import CHANNELS, ROWS, STREAMED_ROWS, peak_name, streamed_layers, streamed_name
from benchmarks.peers.timing import Timing, ratio
from benchmarks.peers.variants import FLOAT, FULL, NOISE_OF_FAST, OURS, in_batches
from converter.quantise import Mode

_WIDTH: Final = 120
_BRING: Final = {
    "onnxruntime": "pip install 'anyecg-edge[peers]'",
    "tflite-runtime": "python -m benchmarks.peers.older",
    "torch": "pip install 'anyecg-edge[peers]'",
}
"""How to bring each peer."""
_METHOD: Final = (
    "Each round runs every variant and every matrix product once, in random order, in one process; times are for one "
    "window, from preprocessed float32 samples to float32 logits. Threads of onnxruntime (allow_spinning 0) and of "
    "torch (OMP_WAIT_POLICY=PASSIVE) do not spin between calls, since they would take the cores of the next variant. "
    "Ratios are of medians, with a 95 % bootstrap interval over the rounds."
)


def tables(comparison: Comparison) -> str:
    """Render a comparison, every table with what it was measured on."""
    parts = [*_method(comparison), _aims(comparison)]
    for n, timed in comparison.timings.items():
        parts += [_speed(comparison, n, timed), _peak(comparison, n, timed)]
    parts += [_accuracy(comparison, comparison.agreement, kind, "") for kind in comparison.agreement]
    parts += [
        _accuracy(comparison, comparison.stressed, kind, " of the ill-conditioned head") for kind in comparison.stressed
    ]
    return "\n\n".join([*parts, _processes(comparison), _gateway(comparison)])


def paragraph(text: str) -> str:
    """Break a text into lines."""
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _method(comparison: Comparison) -> Iterator[str]:
    loads = ", ".join(f"{load:.1f}" for load in comparison.load_average)
    yield paragraph(
        f"{'; '.join(comparison.versions.values())}. Load before and after each number of threads: {loads}. "
        f"{comparison.settings.n_rounds} rounds. {comparison.macs / 1e9:.3f} GMAC a window, "
        f"{comparison.n_weights / 1e6:.1f} million weights."
    )
    yield paragraph(_METHOD)
    placed = "; ".join(
        f"{name}: predicted noise {placement.noise:.3f}, predicted cost {placement.cost:.3f}"
        for name, placement in comparison.placements.items()
    )
    yield paragraph(
        f"Mixed twice: at the converter's default, and the cheapest placement whose noise is predicted to be at most "
        f"{NOISE_OF_FAST} standard deviations of an output. {placed}."
    )
    if "onnxruntime" in comparison.versions:
        from benchmarks.peers.onnx_model import STATIC_SETTINGS  # noqa: PLC0415 - only where onnx is installed

        said = "; ".join(f"{name}: {settings}" for name, settings in STATIC_SETTINGS.items())
        yield paragraph(f"quantize_static after quant_pre_process. {said}.")
    missing = sorted(_BRING.keys() - comparison.versions.keys())
    if missing:
        yield paragraph("Not measured, not installed: " + ", ".join(f"{name} ({_BRING[name]})" for name in missing))


def _aims(comparison: Comparison) -> str:
    heading = ["figure", "aim", "measured", "reached"]
    title = (
        "What does the product aim at? Spearman: of the median and of the worst output; stressed: the ill-conditioned "
        "head; share of the peak: of the warm product with most rows"
    )
    return _table(title, heading, [aim.cells for aim in aims(comparison)])


def _speed(comparison: Comparison, n_threads: int, timed: dict[str, Timing]) -> str:
    base, rows = timed[FULL], []
    for name in comparison.size_bytes:
        t = timed[name]
        wall = (f"{f(t.wall_ms):.2f}" for f in (np.median, np.min, lambda ms: np.percentile(ms, 95)))
        cpu = np.median(t.cpu_ms)
        ratios = f"{ratio(t.wall_ms, base.wall_ms)}", f"{cpu / np.median(base.cpu_ms):.2f}"
        rows.append([name, *wall, f"{cpu:.2f}", *ratios])
    heading = ["variant", "wall, ms", "min", "p95", "CPU, ms", "wall / full", "CPU / full"]
    return _table(f"How long does one window take? {_threads(n_threads)}", heading, rows)


def _peak(comparison: Comparison, n_threads: int, timed: dict[str, Timing]) -> str:
    work = comparison.macs / 1e9
    products = [(peak_name(Mode.FULL, rows), 1.0) for rows in ROWS] + [(streamed_name(m), 1.0) for m in STREAMED_ROWS]
    int8 = [*products, (FULL, work), (in_batches(FULL), work)]
    fp32 = [*((peak_name(Mode.FLOAT, rows), 1.0) for rows in ROWS), (FLOAT, work), (in_batches(FLOAT), work)]
    streamed = [timed[streamed_name(rows)] for rows in STREAMED_ROWS]
    rows = []
    for of_mode, mode, others in ((int8, Mode.FULL, streamed), (fp32, Mode.FLOAT, [])):
        peaks = [timed[peak_name(mode, ROWS[0])], *others]
        for name, amount in of_mode:
            shares = [f"{_rate(timed[name], amount) / _rate(peak, 1.0):.0%}" for peak in peaks]
            rows.append([name, *_rates(timed[name], amount), *shares, *[""] * (1 + len(streamed) - len(shares))])
    heading = ["what", "GMAC/s", "best", f"of {ROWS[0]} warm", *(f"of {m} streamed" for m in STREAMED_ROWS)]
    title = (
        f"How much of the peak is that? XNNPACK's product, K = N = {CHANNELS}, {_threads(n_threads)}; warm: the same "
        f"weights again and again; streamed: {streamed_layers(comparison.n_weights)} layers of other weights in a row, "
        "with the caches as another task left them, as the network finds them"
    )
    return _table(title, heading, rows)


def _rate(timing: Timing, amount: float) -> float:
    """Median rate, GMAC/s."""
    return amount / float(np.median(timing.wall_ms)) * 1e3


def _rates(timing: Timing, amount: float) -> Iterator[str]:
    """Median and best rate, GMAC/s."""
    for ms in (np.median(timing.wall_ms), np.min(timing.wall_ms)):
        yield f"{amount / ms * 1e3:.0f}"


def _accuracy(comparison: Comparison, agreements: Agreements, kind: str, of_what: str) -> str:
    of_kind, singles = agreements[kind], {in_batches(name): name for name in OURS}
    rows = []
    for name, agreed in of_kind.items():
        if name == comparison.reference or agreed == of_kind.get(singles.get(name, "")):
            continue
        spearman = f"{agreed.spearman_median:.5f}", f"{agreed.spearman_min:.5f}"
        flips = f"{agreed.sign_flips} of {agreed.n_logits}"
        rows.append([name, *spearman, f"{agreed.noise:.2g}", f"{agreed.max_abs_logit:.2g}", flips])
    settings = comparison.settings
    title = (
        f"What is kept{of_what}? Against {comparison.reference}, on {settings.n_test} synthetic windows, {kind}; "
        f"calibrated with {settings.n_calibration} others, clean. Noise: rms error over the output's standard "
        "deviation, its mean apart. A batch that agrees exactly as its single windows do has no row of its own"
    )
    heading = ["variant", "Spearman, median", "worst", "noise", "max abs logit", "sign flips"]
    return _table(title, heading, rows)


def _processes(comparison: Comparison) -> str:
    rows = []
    for name, figures in comparison.processes.items():
        size = f"{comparison.size_bytes[name] / 1e6:.1f}"
        rows.append([name, size, *(_range(figure.values, 1e3 if figure.unit == "s" else 1.0) for figure in figures)])
    title = (
        f"What does a process of its own take? Median and range of {comparison.settings.n_processes}, one thread; the "
        "runtime alone, without the rest of this product; MB of the file, ms of the first window, highest RSS"
    )
    heading = ["variant", "MB", "import, ms", "load, ms", "first, ms", "RSS, MB"]
    return _table(title, heading, rows)


def _gateway(comparison: Comparison) -> str:
    of = {figure.name: figure.values for figure in comparison.gateway}
    return paragraph(
        f"A process with the pack of {FULL} in edge.loop, median and range of {comparison.settings.n_processes}: "
        f"{_range(of['ready_s'], 1e3)} ms until it is ready, pack proven; peak RSS {_range(of['peak_rss_mb'], 1.0)} MB "
        f"after a minute of the synthetic heart, {min(of['estimated']):.0f} windows estimated."
    )


def _range(values: Sequence[float], factor: float) -> str:
    low, middle, high = (factor * value for value in (min(values), float(np.median(values)), max(values)))
    return f"{middle:.0f} ({low:.0f}-{high:.0f})"


def _threads(n: int) -> str:
    return f"{n} thread{'s' * (n != 1)}"


def _table(title: str, heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(heading), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heading))]
    lines.insert(1, ["-" * width for width in widths])
    padded = (" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return f"{paragraph(f'**{title}**')}\n\n" + "\n".join(f"| {line} |" for line in padded)

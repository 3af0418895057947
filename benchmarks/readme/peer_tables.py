"""Peers as Markdown: each network on every runtime, TFLite Micro, and the signal's side."""

from collections.abc import Iterator

from benchmarks.peers.result import Cleaning, Interval, Micro, NetworkPeers, Row
from benchmarks.readme.markdown import between, fraction, number, percent, table


def truth_line(network: NetworkPeers) -> str:
    """How good ours is against the truth, in this run."""
    ours = network.rows[0].truth
    return f"{network.truth}: {fraction(ours)}" if ours is not None else "no truth is known"


def network_table(network: NetworkPeers) -> str:
    """One network on every runtime, each with what it keeps beside what it takes."""
    title = (
        f"**{network.label}** (pack `{network.sha256[:12]}`, {network.macs / 1e6:,.1f} M multiply-accumulates), one "
        f"thread, {network.n_rounds} rounds in random order in one run. Spearman against {network.reference}, of the "
        f"middle and of the worst output, on {network.n_windows} synthetic windows, clean and with artefacts; truth: "
        f"{network.truth or 'none is known'}. Peaks: {network.int8_gmacs:.0f} int8 and {network.fp32_gmacs:.0f} fp32 "
        "GMAC/s."
    )
    heading = ["", "ms (95 %)", "p95", "times ours (95 %)", "of the peak", "Spearman", "with artefacts", "truth", "MB"]
    return f"{title}\n\n{table(heading, [_row(row, network) for row in network.rows])}"


def _row(row: Row, network: NetworkPeers) -> list[str]:
    is_ours, is_reference = row.name == network.rows[0].name, row.name == network.reference
    agreed = ["reference"] * 2 if is_reference else [_pair(row.spearman), _pair(row.spearman_spoilt)]
    return [
        row.name,
        _figure(row.ms),
        number(row.p95_ms),
        "1" if is_ours else _figure(row.to_ours),
        percent(row.share_of_peak),
        *agreed,
        "" if row.truth is None else fraction(row.truth),
        "" if row.size_bytes is None else number(row.size_bytes / 1e6),
    ]


def _pair(middle_and_worst: tuple[float, float]) -> str:
    return " / ".join(fraction(value) for value in middle_and_worst)


def _figure(of: Interval) -> str:
    return number(of.value) + between(of.low, of.high)


def micro_table(networks: tuple[NetworkPeers, ...]) -> str:
    """What TFLite Micro takes and says."""
    rows = [_micro_row(network, network.micro) for network in networks if network.micro]
    heading = ["TFLite Micro, x86-64 wheel", "arena, bytes", "of which activations", "largest difference from LiteRT",
               "windows", "ms, reference kernels"]  # fmt: skip
    return table(heading, rows) if rows else ""


def _micro_row(network: NetworkPeers, micro: Micro) -> list[str]:
    steps = f"{micro.most_steps} int8 steps; {percent(micro.share_of_equal)} of the outputs equal"
    sizes = f"{micro.arena_bytes:,}", f"{micro.activations_bytes:,}"
    return [network.label, *sizes, steps, str(micro.n_windows), number(micro.ms)]


def cleaning_table(cleaning: Cleaning) -> str:
    """Preparing and cleaning a window, with what each is good for."""
    first = cleaning.rows[0]
    noises, rates = list(first.correlation), list(first.rate_error_bpm)
    versions = ", ".join(f"{name} {release}" for name, release in cleaning.versions.items())
    title = (
        f"The signal's side, a window of 10 s at 500 Hz, {cleaning.n_rounds} rounds in random order, {versions}. On "
        f"{cleaning.n_windows} synthetic hearts, at {', '.join(noises)}: correlation of what is left with the same of "
        "the heart without noise (median)"
        + (", and mean error of the heart rate that NeuroKit2's detector finds in it, bpm." if rates else ".")
    )
    heading = ["", "ms (95 %)", "p95", "times ours (95 %)", "largest difference from ours", "correlation"]
    heading += ["rate error"] if rates else []
    rows = []
    for row in cleaning.rows:
        apart = "" if row.max_abs_difference is None else f"{row.max_abs_difference:.1e} standard deviations"
        ratio = "1" if row is first else _figure(row.to_ours)
        cells = [row.name, _figure(row.ms), number(row.p95_ms), ratio, apart]
        cells.append(" / ".join(fraction(row.correlation[noise]) for noise in noises))
        rows.append([*cells, *([" / ".join(number(row.rate_error_bpm[noise]) for noise in rates)] if rates else [])])
    return f"{title}\n\n{table(heading, rows)}"


def missing(networks: tuple[NetworkPeers, ...], cleaning: Cleaning) -> Iterator[str]:
    """Say what was not measured, and why."""
    for network in networks:
        yield from (f"{network.label}: {name} was not measured, {why}." for name, why in network.missing.items())
    yield from (f"{name} was not measured, {why}." for name, why in cleaning.missing.items())

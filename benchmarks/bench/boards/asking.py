"""A pack as a prediction asks for it."""

from pathlib import Path

from benchmarks.bench.boards.prediction import Asked
from benchmarks.bench.measuring.work import work_of
from edge.pack import SHIPPED, SHIPPED_WAVES, WavesPack, read_any_pack


def asked_of(path: Path, hop_s: float) -> Asked:
    """Read a pack and count its work.

    Parameters
    ----------
    path
        Of the pack; the loop's other one is the shipped one.
    hop_s
        From one window to the next.

    Raises
    ------
    PackError
        If it is none.
    """
    pack = read_any_pack(path)
    other = read_any_pack(SHIPPED if isinstance(pack, WavesPack) else SHIPPED_WAVES)
    manifest = pack.manifest
    return Asked(
        label=manifest.label,
        model_sha256=manifest.model_sha256,
        macs=work_of(pack.model).macs,
        other_macs=work_of(other.model).macs,
        reads_waves=isinstance(pack, WavesPack),
        model_mb=len(pack.model) / 1e6,
        latency_p99_ms=manifest.budget.latency_p99_ms,
        resident_mb=manifest.budget.resident_mb,
        hop_s=hop_s,
    )

"""The whole block, in the order in which it is read."""

from collections.abc import Iterator
from typing import Final

from benchmarks.readme.bench_tables import costs_table, machine_line, packs_list
from benchmarks.readme.board_tables import boards_table
from benchmarks.readme.findings import Findings
from benchmarks.readme.markdown import paragraph
from benchmarks.readme.peer_tables import cleaning_table, micro_table, missing, network_table, truth_line

_MADE: Final = (
    "Made by `make bench`, which measures it again; intervals are over processes of their own (what a pack costs) or "
    "over rounds (ratios)."
)
_PEERS: Final = (
    "The same networks on what else could run them, installed for this only. Of a shipped pack the peers get its own "
    "int8 weights and scales, or in fp32 what those stand for; at full size they convert the checkpoint themselves. "
    "tflite-runtime runs in a process of its own, driven in turn with the others."
)
_BOARDS: Final = (
    "On Raspberry Pis **nobody has measured it**: predicted from published cycles and counted instructions, typical "
    "(lowest - highest), a window every 10 s (`anyecg bench boards` names every source)."
)
_MEASURED_BOARDS: Final = (
    "On Raspberry Pis, measured where somebody has, else predicted from published cycles and counted instructions, "
    "typical (lowest - highest), a window every 10 s (`anyecg bench boards` names every source)."
)


def block(findings: Findings) -> str:
    """Render everything that was found."""
    whole = "\n\n".join(part for part in _parts(findings) if part)
    return "\n\n".join(paragraph(part) for part in whole.split("\n\n"))


def _parts(findings: Findings) -> Iterator[str]:
    before, after = findings.load_average
    yield f"{machine_line(findings.bench)} {_MADE}"
    yield packs_list(findings.bench, {network.sha256: truth_line(network) for network in findings.networks})
    yield costs_table(findings.bench)
    yield f"{_PEERS} Load average before and after: {before:.1f}, {after:.1f}. {_versions(findings)}"
    yield from (network_table(network) for network in findings.networks)
    yield micro_table(findings.networks)
    yield cleaning_table(findings.cleaning)
    measured = any(limit.words.endswith("by measurement") for one in findings.boards for limit in one.limits)
    yield _MEASURED_BOARDS if measured else _BOARDS
    yield boards_table(findings.boards)
    yield "\n".join(f"- {said}" for said in (*findings.left_out, *missing(findings.networks, findings.cleaning)))


def _versions(findings: Findings) -> str:
    every = {said: None for network in findings.networks for said in network.versions.values()}
    return f"{'; '.join(every)}." if every else ""

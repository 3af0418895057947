"""Every shipped pack, the loop and what they cost, on emulated Raspberry Pis."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.interpreter import open_interpreter
from edge.outcome import Estimated, Rejected
from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack
from edge.waves.track import RATE_HZ
from tests.arm.board import BOARDS, Board
from tests.arm.emulated import Answer
from tests.arm.system import Machine, wheels

PACKS = {path.stem: read_any_pack(path) for path in (SHIPPED, SHIPPED_WAVES)}
RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text())
NEWER_RUNTIME = [board for board in BOARDS if board.machine == Machine.AARCH64]
OLDER_RUNTIME = [board for board in BOARDS if board.machine == Machine.ARMV7L]
ROUNDING = 0.01
"""ms, 1/min and the like: what the float arithmetic of another processor may move a measurement."""
ONE_SAMPLE_MS = 1000 / RATE_HZ


def name_of(board: Board) -> str:
    return board.name


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Everything an outcome says, by where it stands in it."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from leaves(inner, f"{path}.{key}")
        case list():
            for i, inner in enumerate(value):
                yield from leaves(inner, f"{path}.{i}")
        case _:
            yield path, value


def far_apart(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], allowed: float) -> list[Any]:
    """What two loops say differently, beyond what is allowed of numbers that are no whole ones."""
    pairs = list(zip(leaves(ours), leaves(theirs), strict=True))
    return [
        (a, b)
        for a, b in pairs
        if a[0] != b[0]
        or not (abs(a[1] - b[1]) <= allowed if isinstance(a[1], float) and isinstance(b[1], float) else a[1] == b[1])
    ]


@pytest.mark.parametrize("board", NEWER_RUNTIME, indirect=True, ids=name_of)
@pytest.mark.parametrize("pack", PACKS)
def test_every_shipped_pack_gives_what_its_family_gave_where_it_was_made(there: Answer, pack: str) -> None:
    golden = PACKS[pack].self_test.outputs
    assert {said["family"] for said in there.self_tests[pack].values()} == set(golden)
    for runtime, said in there.self_tests[pack].items():
        expected = golden[said["family"]]
        np.testing.assert_array_equal(there.outputs(pack, runtime), expected.reshape(len(expected), -1))


@pytest.mark.parametrize("board", OLDER_RUNTIME, indirect=True, ids=name_of)
@pytest.mark.parametrize("pack", PACKS)
def test_the_older_runtime_gives_what_is_recorded_within_the_tolerance_of_every_shipped_pack(
    there: Answer, board: Board, pack: str
) -> None:
    test = PACKS[pack].self_test
    (runtime,) = there.self_tests[pack]
    assert there.digests()[pack] == RECORDED["boards"][board.name]["self_test_sha256"][pack]
    for golden in test.outputs.values():
        apart = there.outputs(pack, runtime).astype(int) - golden.reshape(len(golden), -1)
        assert np.abs(apart).max() <= test.tolerance


@pytest.mark.parametrize("board", OLDER_RUNTIME, indirect=True, ids=name_of)
def test_convolutions_of_the_older_runtime_are_the_reference_kernels_to_the_bit_on_arm(there: Answer) -> None:
    """Those of tflite-runtime on x86-64 are not, though both go by the same name there."""
    golden = PACKS["waves"].self_test.outputs["tflite/reference"]
    np.testing.assert_array_equal(there.outputs("waves", "tflite-runtime"), golden.reshape(len(golden), -1))


def test_each_system_runs_the_runtimes_that_are_made_for_it(board: Board, there: Answer) -> None:
    runtimes = {"aarch64": {"litert", "reference"}, "armv7l": {"tflite-runtime"}}[board.machine]
    assert (there.machine, set(there.self_tests["waves"])) == (board.machine, runtimes)


def test_the_runtime_that_is_pinned_for_a_machine_is_the_one_that_runs(board: Board, there: Answer) -> None:
    runtime, package = {"aarch64": ("litert", "ai-edge-litert"), "armv7l": ("tflite-runtime",) * 2}[board.machine]
    (pinned,) = (str(r.specifier) for r in wheels(Machine(board.machine)) if r.name == package)
    assert pinned == f"=={there.versions[runtime]}"


def test_the_recording_has_windows_of_both_kinds(here: Answer) -> None:
    assert {outcome["kind"] for outcome in here.outcomes} == {Estimated.__name__, Rejected.__name__}


@pytest.mark.parametrize("board", NEWER_RUNTIME, indirect=True, ids=name_of)
def test_the_loop_says_there_what_it_says_here(here: Answer, there: Answer) -> None:
    estimates = [[outcome.get("estimates") for outcome in answer.outcomes] for answer in (here, there)]
    assert estimates[0] == estimates[1]  # to the last bit
    assert far_apart(here.outcomes, there.outcomes, ROUNDING) == []


@pytest.mark.parametrize("board", OLDER_RUNTIME, indirect=True, ids=name_of)
def test_the_loop_says_on_the_older_runtime_what_it_says_here_within_the_tolerance_of_its_packs(
    here: Answer, there: Answer
) -> None:
    steps = PACKS["demonstration"].self_test.tolerance * output_scale("demonstration")
    for ours, theirs in zip(here.outcomes, there.outcomes, strict=True):
        assert [ours[key] for key in ("kind", "span")] == [theirs[key] for key in ("kind", "span")]
        logits = [[logit(e["probability"]) for e in outcome.get("estimates", ())] for outcome in (ours, theirs)]
        np.testing.assert_allclose(*logits, rtol=0, atol=steps)
        for name in ("heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms"):
            values = [(outcome["measured"] or {}).get(name, {}).get("value") for outcome in (ours, theirs)]
            assert values[0] == values[1] or abs(values[0] - values[1]) <= ONE_SAMPLE_MS


def logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def output_scale(name: str) -> float:
    """One step of the network's output, in logits of the largest row."""
    pack = PACKS[name]
    quantisation = open_interpreter(pack.model).output.quantisation
    assert quantisation is not None
    return float(quantisation.scale * max(row.logit_scale for row in pack.manifest.outputs))


@pytest.mark.parametrize("pack", PACKS)
def test_a_run_of_the_network_takes_the_instructions_that_are_recorded(there: Answer, board: Board, pack: str) -> None:
    expected = RECORDED["boards"][board.name]["network_instructions"][pack]
    assert there.network_instructions[pack] == pytest.approx(expected, rel=1e-3)


def test_a_window_through_the_loop_takes_no_more_instructions_than_are_recorded(there: Answer, board: Board) -> None:
    recorded = RECORDED["boards"][board.name]
    if recorded["versions"] != there.versions:
        pytest.skip(f"recorded with {recorded['versions']}, here is {there.versions}: python -m tests.arm records anew")
    assert there.window_instructions is not None
    assert there.window_instructions <= 1.05 * recorded["window_instructions"]

"""The comparison of the waves pack with its peers as its users run it, at its smallest, and what it measures with."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from benchmarks.waves.comparing import OURS, Compared, best_delineator, name_of
from benchmarks.waves.interval_rows import CONSTANT, interval_rows
from benchmarks.waves.neurokit import DELINEATORS, _row_by_row
from benchmarks.waves.trying import Analyser, Failures
from benchmarks.waves.wrapped import WAVE_FIELDS, beats_only, marks_of, reading_of
from converter.evaluation.beat_truth import BeatTruth
from converter.evaluation.bootstrap import Estimate
from converter.evaluation.ec57 import beat_figures, score_beats
from converter.evaluation.intervals import IntervalScore, Pair
from converter.evaluation.records import Record, Stretch
from converter.quantise import Mode
from converter.waves.architecture import WAVES_NETWORK
from converter.waves.pack import WavesIdentity, make_waves_pack
from edge.manifest import PackBudget, Provenance
from edge.pack import write_pack
from edge.waves.track import Grade

REPOSITORY = Path(__file__).parents[2]
AT_S = np.arange(1.0, 9.5, 0.8)
RECORD = Record(
    "x", "x", "II", 10.0, (Stretch(0.0, np.zeros(3600), 360.0),),
    beats=BeatTruth(AT_S, np.zeros(AT_S.size, np.int64), np.empty((0, 2))),
)  # fmt: skip


def untrained_pack(path: Path) -> Path:
    """A waves pack with random weights: what it says means nothing, and it says it in the right shape."""
    draws = np.random.default_rng(0)
    weights = {}
    for layer in WAVES_NETWORK.layers():
        shape = layer.out_channels, layer.in_channels, layer.kernel
        weights[f"{layer.name}.w"] = draws.normal(0.0, 0.3 / np.sqrt(shape[1] * shape[2]), shape).astype(np.float32)
        weights[f"{layer.name}.b"] = np.zeros(shape[0], np.float32)
    provenance = Provenance(
        demonstration=True, training_data="none: random weights", intended_use="tests", limits="all of it",
        created="2026-11-21", converter="",
    )  # fmt: skip
    identity = WavesIdentity("0.0.1", "II", PackBudget(latency_p99_ms=10_000, resident_mb=10_000), provenance, {})
    prepared = draws.normal(0.0, 0.2, (1, WAVES_NETWORK.window_samples)).astype(np.float32)
    microvolts = draws.integers(-500, 500, prepared.shape).astype(np.int32)
    pack = make_waves_pack(weights, identity, calibration=prepared, self_test_uv=microvolts, mode=Mode.FLOAT)
    write_pack(path, pack)
    return path


def test_what_a_peer_found_is_scored_as_beats_of_the_same_record() -> None:
    analyser = Analyser("peer", lambda _: lambda x, rate_hz, __: beats_only(np.rint(AT_S[1:] * 360), rate_hz, x.size))
    figures = beat_figures(score_beats(RECORD, analyser.hear(RECORD)))
    assert figures["se"] == pytest.approx(1 - 1 / AT_S.size)
    assert figures["ppv"] == 1.0
    assert analyser.failures.words == ""


def test_a_peer_that_raises_has_found_nothing_and_that_is_said() -> None:
    def raises(*_: object) -> None:
        raise IndexError("list index out of range")

    analyser = Analyser("peer", lambda _: raises)
    assert beat_figures(score_beats(RECORD, analyser.hear(RECORD)))["se"] == 0.0
    assert analyser.failures.as_json() == {"asked": 1, "without_beats": 1, "raised": {"read: IndexError": 1}}
    assert analyser.failures.words == "1 x read: IndexError; 1 without beats"


def test_a_step_that_fails_leaves_what_was_found_before_it() -> None:
    failures, peaks = Failures(), list[float]()
    assert failures.tried("delineate", peaks.pop, 0.0) == 0.0
    assert failures.tried("rate", lambda: 60.0, 0.0) == 60.0
    assert failures.raised == {"delineate: IndexError": 1}


def test_lists_as_long_as_the_beats_are_taken_row_by_row() -> None:
    r = np.array([100.0, 200.0, 300.0])
    lists = {name: r + shift for shift, name in enumerate(WAVE_FIELDS)}
    lists["p_peak"] = np.array([np.nan, 190.0, 90.0])
    assert _row_by_row(r, lists).keys() == set(WAVE_FIELDS)
    np.testing.assert_array_equal(_row_by_row(r, lists)["p_peak"], lists["p_peak"])


def test_shorter_lists_are_given_to_the_beats_they_lie_by() -> None:
    r = np.array([100.0, 200.0, 300.0])
    lists = {
        "p_on": np.array([170.0, 270.0]), "p_peak": np.array([180.0, 280.0]), "p_off": np.array([185.0, 285.0]),
        "qrs_on": np.array([95.0, 295.0]), "qrs_off": np.array([105.0, np.nan, 305.0]),
        "t_on": np.array([120.0]), "t_peak": np.array([130.0, 230.0]), "t_off": np.array([140.0, 240.0]),
    }  # fmt: skip
    waves = _row_by_row(r, lists)
    nan = np.nan
    np.testing.assert_array_equal(waves["p_peak"], [nan, 180.0, 280.0])
    np.testing.assert_array_equal(waves["p_on"], [nan, 170.0, 270.0])
    np.testing.assert_array_equal(waves["p_off"], [nan, 185.0, 285.0])
    np.testing.assert_array_equal(waves["qrs_on"], [95.0, nan, 295.0])
    np.testing.assert_array_equal(waves["qrs_off"], [105.0, nan, 305.0])
    np.testing.assert_array_equal(waves["t_on"], [120.0, nan, nan])
    np.testing.assert_array_equal(waves["t_off"], [140.0, 240.0, nan])


def test_a_figure_that_a_peer_does_not_give_is_withheld() -> None:
    reading = reading_of(marks_of(np.array([100.0]), 500.0, 5000), {"pr_ms": 160.0, "qt_ms": np.nan}, Grade.RATE)
    (window,) = reading.windows
    assert window.quality.grade is Grade.RATE
    assert window.measurements.pr_ms.value == 160.0
    assert window.measurements.qt_ms.value is window.measurements.qrs_ms.value is None


def test_the_best_delineator_has_the_highest_f1_of_the_three_waves_together() -> None:
    def figures(p: float, t: float) -> dict[str, Estimate]:
        return {f"{wave}_f1": Estimate(value, 0.0, 1.0) for wave, value in (("p", p), ("qrs", 0.9), ("t", t))}

    known = dict(zip(map(name_of, DELINEATORS), (figures(0.9, 0.5), figures(0.8, 0.8), figures(0.1, 0.9)), strict=True))
    assert best_delineator(known | {OURS: figures(1.0, 1.0)}) == DELINEATORS[1]
    assert best_delineator({OURS: figures(1.0, 1.0)}) is None


def test_intervals_are_compared_where_both_gave_one() -> None:
    def compared(name: str, read: list[float | None]) -> Compared[IntervalScore]:
        return Compared(
            Analyser(name, lambda _: None),
            tuple(
                IntervalScore(str(i), str(i), *((Pair(str(i), marked, value, ""),) for _ in range(4)))
                for i, (marked, value) in enumerate(zip([160.0, 170.0, None, 200.0], read, strict=True))
            ),
        )

    rows = interval_rows(
        "ii", [compared(OURS, [161.0, None, 150.0, 203.0]), compared("peer", [150.0, 170.0, 1.0, 205.0])]
    )
    ours, peer, constant = (next(r for r in rows if r.figure == "pr" and r.name == n) for n in (OURS, "peer", CONSTANT))
    assert (ours.n_marked, ours.n_given, ours.mae) == (3, 2, 2.0)
    assert (peer.n_given, peer.mae) == (3, 5.0)
    assert (peer.n_both, peer.mae_both, peer.ours_both, peer.ahead) == (2, 7.5, 2.0, 5.5)
    assert peer.low <= peer.ahead <= peer.high
    assert constant.mae == pytest.approx(40.0 / 3)


@pytest.mark.parametrize("package", ["neurokit2", "sleepecg"])
def test_the_comparison_answers_every_question_beside_a_peer_and_names_the_machine(
    package: str, tmp_path: Path, data_dir: Path
) -> None:
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed (pip install 'anyecg-edge[peers-waves]')")
    only = "beats" if package == "sleepecg" else "waves,intervals,quality,cost"
    output, pack = tmp_path / "waves.json", untrained_pack(tmp_path / "untrained.tflite")
    command = [sys.executable, "-m", "benchmarks.waves", "--data", data_dir, "--pack", pack, "--rounds", "5"]
    command += ["--records", "mitdb/106,ludb/1,ludb/3", "--only", only, "--output", output]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 120
    assert "…" not in done.stdout
    result = json.loads(output.read_text(encoding="utf-8"))
    assert result["machine"]["processor"]
    assert package in result["versions"]
    assert len(result["packs"][0]["sha256"]) == 64
    if package == "sleepecg":
        se = {one["name"]: one["figures"]["se"]["value"] for one in result["beats"]}
        assert set(se) >= {OURS, "wfdb XQRS", "wfdb GQRS", "sleepecg"}
        assert se["wfdb GQRS"] > 0.99
        return
    peer = result["waves"]["best"]
    assert peer in DELINEATORS
    assert {row["name"] for row in result["intervals"]} == {OURS, CONSTANT, *map(name_of, DELINEATORS)}
    assert set(result["quality"]) == {"as recorded", "24 dB", "18 dB", "12 dB", "6 dB", "0 dB"}
    assert len(result["cost"]["timings"][OURS]["wall_ms"]["rounds"]) == 5

"""The benchmark command as its users run it, at its smallest."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.accuracy import agreement, logits_of
from benchmarks.peers.batch import in_batches
from benchmarks.peers.runners import open_runner
from benchmarks.peers.timing import Task, interleave, ratio
from benchmarks.peers.variants import Runtime, build
from benchmarks.peers.work import macs
from converter.calibration import network_inputs, synthetic_windows
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from edge.interpreter import open_interpreter
from edge.preprocess import ECGFOUNDER
from tests.converter.networks import ECGFOUNDER_SHAPE, SMALL, random_weights

REPOSITORY = Path(__file__).parents[2]
WEIGHTS = random_weights(SMALL, seed=0)
NEEDS = {Runtime.ONNXRUNTIME: ("onnx", "onnxruntime"), Runtime.TORCH: ("torch",)}


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    return network_inputs(synthetic_windows(ECGFOUNDER, 8, seed=5), ECGFOUNDER)


def test_the_benchmark_prints_a_table_and_writes_its_figures_with_their_machine(
    tmp_path: Path, small_pack_path: Path
) -> None:
    output = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--pack", small_pack_path, "--windows", "10", "--runs", "1"]
    done = subprocess.run([*command, "--output", output], capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    assert "| replay: start of the process to the first outcome |" in done.stdout
    figures = json.loads(output.read_text(encoding="utf-8"))
    assert figures["machine"]["processor"]
    assert {figure["name"] for figure in figures["figures"]} >= {"total, p50", "total, p99"}


def run_peers(tmp_path: Path, *options: str) -> tuple[str, dict]:
    """Compare the conversions of a small network at the least cost; what is printed, and the JSON."""
    checkpoint, output = tmp_path / "checkpoint.npz", tmp_path / "peers.json"
    np.savez(checkpoint, **WEIGHTS)
    least = ["--windows", "8", "--test-windows", "8", "--rounds", "5", "--processes", "1", "--threads", "1"]
    command = [sys.executable, "-m", "benchmarks.peers", checkpoint, *least, "--output", output, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(output.read_text(encoding="utf-8"))


def test_the_comparison_answers_each_question_and_names_the_machine(tmp_path: Path) -> None:
    printed, result = run_peers(tmp_path)
    for question in ("How long does one window take?", "How much of the peak", "What is kept?", "process of its own"):
        assert question in printed
    assert result["machine"]["processor"]
    assert {"anyecg full", "anyecg dynamic", "anyecg float"} <= result["timings"]["1"].keys()
    assert len(result["timings"]["1"]["anyecg full"]["wall_ms"]["rounds"]) == 5
    assert result["agreement"]["anyecg float"]["max_abs_logit"] < 1e-4


def test_the_full_size_network_multiplies_what_the_feasibility_study_counted() -> None:
    assert macs(ECGFOUNDER_SHAPE, 5000) == pytest.approx(1.140e9, rel=1e-3)


def test_a_graph_for_several_windows_gives_what_the_graph_for_one_gives(windows: np.ndarray) -> None:
    model = emit(Checkpoint.of_state_dict(WEIGHTS), windows.shape[1])
    single, four = open_interpreter(model), open_interpreter(in_batches(model, 4))
    assert four.output.shape == (4, SMALL.n_outputs)
    np.testing.assert_allclose(
        four.invoke(windows[:4]), np.concatenate([single.invoke(window) for window in windows[:4]]), atol=1e-5
    )


@pytest.mark.parametrize("runtime", NEEDS)
def test_a_peer_computes_the_network_that_the_packs_are_made_of(
    runtime: Runtime, windows: np.ndarray, tmp_path: Path
) -> None:
    for package in NEEDS[runtime]:
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed (pip install 'anyecg-edge[peers]')")
    variants = build(Checkpoint.of_state_dict(WEIGHTS), windows, tmp_path, frozenset({runtime}))
    logits = {v.name: logits_of(open_runner(v.runtime, v.path, 1), windows, v.batch) for v in variants}
    (exact,) = (name for name in logits if name.startswith(runtime) and "fp32" in name)
    np.testing.assert_allclose(logits[exact], logits["anyecg float"], atol=1e-5)
    for name, of_one in logits.items():
        assert agreement(logits["anyecg float"], of_one).max_abs_logit < 0.1, name


def test_every_task_runs_once_a_round_and_counts_by_its_amount() -> None:
    seen: dict[str, list[int]] = {"a": [], "b": []}
    tasks = [Task(name, rounds.append, amount=2.0) for name, rounds in seen.items()]
    timed = interleave(tasks, n_rounds=4, n_warmup=2, seed=0)
    assert seen == {"a": list(range(6)), "b": list(range(6))}
    assert {name: timing.wall_ms.shape for name, timing in timed.items()} == {"a": (4,), "b": (4,)}


def test_a_ratio_lies_in_its_interval_and_ignores_a_drift_that_both_share() -> None:
    drift = np.random.default_rng(0).uniform(1.0, 3.0, 101)
    of = ratio(2.0 * drift, drift)
    assert of.low <= of.value <= of.high
    assert of.value == pytest.approx(2.0)
    assert of.high - of.low == pytest.approx(0.0, abs=1e-9)


def test_an_output_that_says_the_same_of_every_window_counts_as_lost() -> None:
    reference = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    logits = reference.copy()
    logits[:, 1] = 0.5
    agreed = agreement(reference, logits)
    assert (agreed.spearman_min, agreed.n_logits) == (0.0, 40)
    assert agreed.sign_flips == np.count_nonzero(reference[:, 1] <= 0)

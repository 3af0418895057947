"""The benchmark command as its users run it, at its smallest."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.accuracy import agreement, logits_of
from benchmarks.peers.aims import Aim, Sense
from benchmarks.peers.peak import streamed_name
from benchmarks.peers.timing import Task, interleave, ratio
from benchmarks.peers.variants import FLOAT, FULL, MIXED, MIXED_FAST, OURS, Runtime, build, in_batches
from benchmarks.peers.work import macs
from converter.calibration import network_inputs, synthetic_windows
from converter.candidate import Source
from converter.ecgfounder.checkpoint import Checkpoint
from converter.target import Target
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
    command = [sys.executable, "-m", "benchmarks.replay", "--pack", small_pack_path, "--runs", "1"]
    done = subprocess.run([*command, "--output", output], capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    assert "| replay: start of the process to the first outcome |" in done.stdout
    figures = json.loads(output.read_text(encoding="utf-8"))
    assert figures["machine"]["processor"]
    assert all(value > 0 for figure in figures["figures"] for value in figure["values"])


def run_peers(tmp_path: Path) -> tuple[str, dict]:
    """Compare the conversions of two small networks at the least cost; what is printed, and the JSON."""
    checkpoint, stressed, output = tmp_path / "checkpoint.npz", tmp_path / "stressed.npz", tmp_path / "peers.json"
    np.savez(checkpoint, **WEIGHTS)
    np.savez(stressed, **random_weights(SMALL, seed=1))
    least = ["--windows", "8", "--test-windows", "8", "--rounds", "5", "--processes", "1", "--threads", "1"]
    command = [sys.executable, "-m", "benchmarks.peers", checkpoint, "--stressed", stressed, "--output", output, *least]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(output.read_text(encoding="utf-8"))


def test_the_comparison_answers_each_question_at_120_columns_and_names_the_machine(tmp_path: Path) -> None:
    printed, result = run_peers(tmp_path)
    for question in (
        "What does the product aim at?",
        "How long does one window take?",
        "How much of the peak",
        "What is kept?",
        "What is kept of the ill-conditioned head?",
        "process of its own",
    ):
        assert question in printed
    assert max(map(len, printed.splitlines())) <= 120
    assert result["machine"]["processor"]
    assert {FULL, MIXED, MIXED_FAST, in_batches(FULL), streamed_name(20)} <= result["timings"]["1"].keys()
    assert len(result["timings"]["1"][FULL]["wall_ms"]["rounds"]) == 5
    assert result["agreement"].keys() == result["stressed"].keys() == {"clean", "artefacts"}
    assert result["agreement"]["clean"][FLOAT]["max_abs_logit"] < 1e-4
    assert {"figure", "sense", "limits", "measured", "reached"} == result["aims"][0].keys()
    gateway = {figure["name"]: figure["values"] for figure in result["gateway"]}
    assert gateway["peak_rss_mb"][0] > 0
    assert gateway["estimated"] == [6]


def test_the_full_size_network_multiplies_what_the_feasibility_study_counted() -> None:
    assert macs(ECGFOUNDER_SHAPE, 5000) == pytest.approx(1.140e9, rel=1e-3)


@pytest.mark.parametrize("runtime", NEEDS)
def test_a_peer_computes_the_network_that_the_packs_are_made_of(
    runtime: Runtime, windows: np.ndarray, tmp_path: Path
) -> None:
    for package in NEEDS[runtime]:
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed (pip install 'anyecg-edge[peers]')")
    source = Source(Checkpoint.of_state_dict(WEIGHTS), Target.LITERT, windows)
    variants = build(source, tmp_path, frozenset({runtime}))
    logits = {variant.name: logits_of(variant, windows) for variant in variants}
    (exact,) = (name for name in logits if name.startswith(runtime) and "fp32" in name)
    np.testing.assert_allclose(logits[exact], logits[FLOAT], atol=1e-5)
    for name, of_one in logits.items():
        assert agreement(logits[FLOAT], of_one).max_abs_logit < 0.1, name


def test_a_batch_gives_the_logits_that_each_of_its_windows_gives_alone(windows: np.ndarray, tmp_path: Path) -> None:
    variants = build(Source(Checkpoint.of_state_dict(WEIGHTS), Target.LITERT, windows), tmp_path, frozenset())
    logits = {variant.name: logits_of(variant, windows) for variant in variants}
    for name in OURS:
        np.testing.assert_allclose(logits[in_batches(name)], logits[name], atol=1e-5, err_msg=name)


def test_an_aim_is_reached_when_every_number_is_on_the_right_side() -> None:
    most, least = (Aim("figure", sense, (2.0, 1.0), (2.0, 0.5), "{:.1f}x") for sense in (Sense.AT_MOST, Sense.AT_LEAST))
    assert most.cells == ("figure", "<= 2.0x / 1.0x", "2.0x / 0.5x", "yes")
    assert least.cells == ("figure", ">= 2.0x / 1.0x", "2.0x / 0.5x", "no")
    unknown = Aim("figure", Sense.AT_MOST, (1.0,), None, "{:.0f}")
    assert (unknown.reached, unknown.cells[2:]) == (None, ("not measured", ""))


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


def test_noise_is_what_an_error_that_is_the_same_everywhere_does_not_add_to() -> None:
    reference = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    shifted = reference + np.float32(0.5)
    noisy = reference + 0.1 * reference.std(axis=0) * np.where(np.arange(20) % 2, 1.0, -1.0)[:, None].astype(np.float32)
    assert agreement(reference, shifted).noise == pytest.approx(0.0, abs=1e-6)
    assert agreement(reference, noisy).noise == pytest.approx(0.1, rel=1e-4)

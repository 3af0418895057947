from dataclasses import replace

import numpy as np
import pytest

from edge.errors import PackError, PackFault
from edge.interpreter import open_interpreter
from edge.manifest import Contract
from edge.pack import WavesPack
from edge.preprocess import WAVES, preprocess
from edge.waves.network import WavesModel, open_waves_model
from edge.waves.reader import open_reader
from edge.waves.track import Grade
from tests.edge.signals import heartbeat
from tests.edge.waves.shipped import reader, shipped

CLEAN = heartbeat(10.0, rate_hz=256.0)


def with_self_test(**changes) -> WavesPack:
    return replace(shipped(), self_test=replace(shipped().self_test, **changes))


def outputs_moved_by(steps, family=None):
    test = shipped().self_test
    y = next(iter(test.outputs.values())).astype(np.int16)
    y.flat[np.abs(y).argmin()] += steps
    moved = y.astype(np.int8)
    return {family: moved} if family else dict.fromkeys(test.outputs, moved)


def refusal(pack, runtime=None):
    with pytest.raises(PackError) as caught:
        open_waves_model(pack, runtime=runtime)
    return caught.value


def test_the_shipped_pack_passes_its_self_test():
    assert open_waves_model(shipped()).pack is shipped()


@pytest.mark.parametrize(("runtime", "family"), [("litert", "litert/xnnpack"), ("reference", "tflite/reference")])
def test_a_model_runs_on_the_kernels_it_names(runtime, family):
    assert open_waves_model(shipped(), runtime=runtime).kernel_family == family


def test_two_families_of_kernels_say_nearly_the_same_of_a_window():
    tracks = [(m := open_waves_model(shipped(), runtime=r)).track(m.prepare(CLEAN)) for r in ("litert", "reference")]
    assert np.abs(tracks[0].segments - tracks[1].segments).mean() < 0.01


def test_a_window_is_prepared_as_the_manifest_says():
    np.testing.assert_array_equal(reader().model.prepare(CLEAN), preprocess(CLEAN, WAVES))


def test_a_track_is_as_long_as_its_window():
    model = reader().model
    track = model.track(model.prepare(CLEAN))
    assert (track.n_samples, len(track.beats), model.window_samples) == (2560, 640, 2560)


def test_a_clean_window_is_good_for_its_waves():
    model = reader().model
    assert model.track(model.prepare(CLEAN)).grades.mean(axis=0).argmax() == Grade.WAVES


def test_a_pack_of_laboratory_estimates_is_refused(small_pack_path):
    with pytest.raises(PackError, match="gives laboratory estimates, and marks no waves") as caught:
        open_reader(small_pack_path)
    assert caught.value.fault is PackFault.WRONG_TASK


def test_a_pack_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PackError) as caught:
        open_reader(tmp_path / "absent.tflite")
    assert caught.value.fault is PackFault.MISSING


@pytest.mark.parametrize(
    "changes", [{"window_samples": 5120}, {"window_samples": 1280}, {"rate_hz": 250.0}, {"rate_hz": 512.0}]
)
def test_a_manifest_of_another_window_or_rate_does_not_fit(changes):
    contract = Contract.of(replace(WAVES, **changes))
    manifest = shipped().manifest.model_copy(update={"preprocessing": contract})
    error = refusal(replace(shipped(), manifest=manifest))
    assert error.fault is PackFault.MODEL_MISMATCH


def test_a_network_that_says_something_else_does_not_fit(small_pack):
    with pytest.raises(PackError, match=r"maps \(1, 5000\) to \(1, 3\)") as caught:
        WavesModel(shipped(), open_interpreter(small_pack.model))
    assert caught.value.fault is PackFault.MODEL_MISMATCH


@pytest.mark.parametrize("runtime", ["litert", "reference"])
def test_one_step_off_within_a_family_of_kernels_fails_the_self_test(runtime):
    error = refusal(with_self_test(outputs=outputs_moved_by(1)), runtime)
    assert "does not give the outputs it gave when the pack was made" in error.problem


def test_another_family_of_kernels_may_differ_by_the_tolerance():
    open_waves_model(with_self_test(outputs=outputs_moved_by(3, "another/family"), tolerance=3.0), runtime="litert")


def test_another_family_of_kernels_that_differs_by_more_fails_the_self_test():
    pack = with_self_test(outputs=outputs_moved_by(4, "another/family"), tolerance=3.0)
    assert "litert/xnnpack differs from another/family by 4, 3 is allowed" in refusal(pack, "litert").problem


def test_preprocessing_that_gives_other_numbers_fails_the_self_test():
    inputs = shipped().self_test.inputs.copy()
    inputs.flat[np.abs(inputs).argmin()] += 2
    assert "preprocessing differs by 2" in refusal(with_self_test(inputs=inputs)).problem


@pytest.mark.parametrize(
    "changes",
    [{"outputs": {}}, {"inputs": np.zeros((0, 2560), np.int8), "windows_uv": np.zeros((0, 2560), np.int32)},
     {"inputs": np.int8(0)}],
    ids=["no outputs", "no windows", "no array"],
)  # fmt: skip
def test_a_pack_without_a_self_test_is_not_trusted(changes):
    assert "it has none" in refusal(with_self_test(**changes)).problem


@pytest.mark.parametrize(
    "changes",
    [
        {"windows_uv": np.zeros((1, 2559), np.int32)},
        {"windows_uv": np.zeros((3, 2560), np.int32)},
        {"inputs": np.zeros((1, 2560), np.float32)},
        {"outputs": {"litert/xnnpack": np.zeros((1, 2), np.int8)}},
    ],
    ids=["window length", "number of windows", "dtype", "number of outputs"],
)
def test_a_self_test_of_other_shapes_is_not_trusted(changes):
    assert "its arrays do not have the model's shapes" in refusal(with_self_test(**changes)).problem


@pytest.mark.parametrize("changes", [{"outputs": {}}, {"windows_uv": np.zeros((1, 2559), np.int32)}])
def test_a_failed_self_test_says_so_to_machines_too(changes):
    assert refusal(with_self_test(**changes)).fault is PackFault.SELF_TEST_FAILED

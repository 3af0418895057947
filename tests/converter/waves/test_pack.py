import hashlib
from dataclasses import replace

import numpy as np
import pytest

from converter.quantise import Mode
from converter.waves.architecture import WAVES_NETWORK
from converter.waves.pack import WavesIdentity, make_waves_pack
from edge.heart import VariedHeart
from edge.interpreter import open_interpreter
from edge.manifest import PackBudget, Provenance
from edge.pack import WavesPack
from edge.preprocess import WAVES, preprocess
from edge.waves.network import open_waves_model
from tests.converter.waves.networks import random_weights

IDENTITY = WavesIdentity(
    version="0.0.1",
    lead="any",
    budget=PackBudget(latency_p99_ms=50.0, resident_mb=300.0),
    provenance=Provenance(
        demonstration=True, training_data="none: random weights", intended_use="tests", limits="it marks nothing",
        created="2026-11-28", converter="set by the converter",
    ),
    figures={"beats": {"se": 0.0, "measured": "never"}},
)  # fmt: skip
WINDOWS_MV = VariedHeart(1).windows(np.arange(17)).millivolts
SELF_TEST_UV = np.rint(1e3 * WINDOWS_MV[:1]).astype(np.int32)


def made(mode=Mode.FULL) -> WavesPack:
    return make_waves_pack(
        random_weights(WAVES_NETWORK, 2), IDENTITY, calibration=preprocess(WINDOWS_MV[1:], WAVES),
        self_test_uv=SELF_TEST_UV, mode=mode,
    )  # fmt: skip


@pytest.fixture(scope="module")
def pack() -> WavesPack:
    return made()


@pytest.fixture(scope="module")
def float_pack() -> WavesPack:
    return made(Mode.FLOAT)


def test_the_whole_pack_fits_into_300_kilobytes(pack):
    assert len(pack.to_bytes()) <= 300_000


def test_a_float_pack_is_several_times_as_large(pack, float_pack):
    assert len(float_pack.to_bytes()) > 2 * len(pack.to_bytes())


@pytest.mark.parametrize("runtime", ["litert", "reference"])
def test_the_pack_passes_its_self_test(pack, runtime):
    assert open_waves_model(pack, runtime=runtime).window_samples == 2560


@pytest.mark.parametrize("runtime", ["litert", "reference"])
def test_a_float_pack_passes_its_self_test(float_pack, runtime):
    assert open_waves_model(float_pack, runtime=runtime).window_samples == 2560


def test_a_float_pack_whose_outputs_moved_by_more_than_its_tolerance_fails_its_self_test(float_pack):
    test = float_pack.self_test
    outputs = {family: y + np.float32(3 * test.tolerance) for family, y in test.outputs.items()}
    with pytest.raises(Exception, match="differs from"):
        open_waves_model(replace(float_pack, self_test=replace(test, outputs=outputs)))


def test_a_pack_survives_being_written_and_read(pack):
    assert WavesPack.from_bytes(pack.to_bytes()).to_bytes() == pack.to_bytes()


def test_the_same_weights_make_the_same_bytes(pack):
    assert made().to_bytes() == pack.to_bytes()


def test_int8_goes_in_and_int8_comes_out(pack):
    run = open_interpreter(pack.model)
    assert (run.input.dtype, run.output.dtype) == (np.int8, np.int8)


def test_the_manifest_knows_its_model(pack):
    manifest = pack.manifest
    assert manifest.model_sha256 == hashlib.sha256(pack.model).hexdigest()
    assert manifest.model_size_bytes == len(pack.model)


def test_the_manifest_says_who_the_pack_is(pack):
    manifest = pack.manifest
    assert (manifest.name, manifest.version, manifest.lead) == ("waves", "0.0.1", "any")
    assert manifest.figures == IDENTITY.figures


@pytest.mark.parametrize(("fixture", "word"), [("pack", "static_int8"), ("float_pack", "float")])
def test_the_manifest_says_how_the_network_is_quantised(fixture, word, request):
    assert request.getfixturevalue(fixture).manifest.quantisation == word


def test_the_manifest_asks_for_the_waves_networks_preprocessing(pack):
    assert pack.manifest.preprocessing.as_preprocessing() == WAVES


def test_the_program_that_made_a_pack_stands_in_its_provenance(pack):
    assert pack.manifest.provenance.converter.startswith("anyecg-edge ")


def test_the_self_test_holds_what_each_family_of_kernels_gave(pack):
    test = pack.self_test
    assert set(test.outputs) == {"litert/xnnpack", "tflite/reference"}
    assert {y.dtype for y in test.outputs.values()} == {np.dtype(np.int8)}


def test_parity_says_how_far_families_are_apart_and_what_the_arena_takes(pack):
    assert pack.parity["arena_bytes"] == 38_400
    assert 0 <= pack.parity["families_apart_steps"] <= pack.self_test.tolerance


def test_int8_keeps_what_the_float_network_says(pack, float_pack):
    models = [open_waves_model(p) for p in (pack, float_pack)]
    one, other = (m.track(m.prepare(WINDOWS_MV[5])) for m in models)
    assert np.abs(one.segments - other.segments).mean() < 0.05

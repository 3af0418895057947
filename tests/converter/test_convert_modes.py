"""Which mode is chosen, what each makes, what may be lost, and what is kept on windows with artefacts."""

from dataclasses import replace

import numpy as np
import pytest

from converter.calibration import WindowSet, synthetic_windows, with_artefacts
from converter.convert import convert
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.errors import ConversionError, ConversionFault
from converter.gate import Gate
from converter.quantise import Mode, quantise
from converter.target import Target
from edge.interpreter import installed_runtimes, open_interpreter
from edge.model import open_model
from edge.pack import ModelPack
from edge.preprocess import ECGFOUNDER
from tests.conftest import ASKS_NOTHING, IDENTITY
from tests.converter.networks import SMALL, random_weights

CALIBRATION, VERIFICATION = synthetic_windows(ECGFOUNDER, 16, seed=1), synthetic_windows(ECGFOUNDER, 32, seed=2)
SPOILT = with_artefacts(VERIFICATION, seed=0)
CHECKPOINT = Checkpoint.of_state_dict(random_weights(SMALL, seed=0))


def converted(mode, **options):
    asked = {"identity": IDENTITY, "verification": VERIFICATION, "gate": ASKS_NOTHING, **options}
    return convert(CHECKPOINT, preprocessing=ECGFOUNDER, mode=mode, calibration=CALIBRATION, **asked)


@pytest.fixture(scope="module")
def dynamic():
    return converted(Mode.DYNAMIC, gate=Gate(0.99, -1.0, 1.0, 1.0))


def test_a_dynamic_pack_takes_and_gives_float(dynamic):
    run = open_interpreter(dynamic[0].model)
    assert (run.input.dtype, run.output.dtype) == (np.float32, np.float32)


def test_a_dynamic_pack_loads_and_says_what_it_is(dynamic):
    pack = ModelPack.from_bytes(dynamic[0].to_bytes())
    assert open_model(pack).pack.manifest.quantisation == "dynamic"


def test_a_dynamic_pack_is_closer_to_float_than_a_full_one(dynamic):
    _, full = converted(Mode.FULL)
    nearest = [row.rms_logit for row in dynamic[1].chosen.clean.outputs]
    assert all(row.rms_logit > near for row, near in zip(full.chosen.clean.outputs, nearest, strict=True))


def test_a_dynamic_pack_needs_no_calibration():
    float_model = emit(CHECKPOINT, ECGFOUNDER.window_samples)
    one, other = np.zeros((8, 5000), np.float32), np.ones((8, 5000), np.float32)
    assert quantise(float_model, Mode.DYNAMIC, one) == quantise(float_model, Mode.DYNAMIC, other)


def test_what_was_kept_on_spoilt_windows_stands_in_the_pack():
    pack, report = converted(Mode.FULL, spoilt=SPOILT)
    assert report.chosen.spoilt is not None
    assert pack.parity["spoilt"] == report.chosen.spoilt.as_json()


def test_spoilt_windows_are_compared_whether_they_can_be_read_or_not():
    _, report = converted(Mode.DYNAMIC, spoilt=SPOILT)
    spoilt = report.chosen.spoilt
    assert spoilt is not None
    assert (spoilt.n_windows, spoilt.n_rejected) == (len(SPOILT.millivolts), 0)


def test_an_output_lost_on_spoilt_windows_alone_is_refused_too():
    nearly_one = VERIFICATION.millivolts[:1] * np.linspace(1.0, 1.0 + 1e-6, 16, dtype=np.float32)[:, None]
    gate = Gate(-1.0, 0.95, 1.0, 1.0)
    converted(Mode.FULL, gate=gate)
    with pytest.raises(ConversionError, match=r"with artefacts, 0\.95 is asked for") as caught:
        converted(Mode.FULL, gate=gate, spoilt=WindowSet(nearly_one, "windows that int8 cannot tell apart"))
    assert caught.value.fault is ConversionFault.NOT_KEPT


@pytest.fixture(scope="module")
def automatic():
    """The fastest of what passes a gate that all modes pass."""
    return converted(None)


def test_auto_takes_the_fastest_of_those_that_pass(automatic):
    pack, report = automatic
    assert [trial.candidate.mode for trial in report.trials] == [Mode.FULL, Mode.MIXED, Mode.DYNAMIC]
    assert report.chosen.speed.median_ms == min(trial.speed.median_ms for trial in report.trials)
    assert pack.model == report.chosen.candidate.model
    assert pack.parity["mode"] == report.chosen.candidate.mode


def test_the_float_network_is_timed_beside_the_others_but_not_taken(automatic):
    _, report = automatic
    assert report.float_speed is not None
    assert report.chosen.candidate.mode is not Mode.FLOAT


def test_auto_leaves_out_what_does_not_pass_however_fast():
    """By the gate's default, int8 throughout loses two outputs of these random weights."""
    _, report = converted(None, gate=Gate(), spoilt=SPOILT)
    full, *others = report.trials
    assert (bool(full.refused), full.speed) == (True, None)
    assert not any(trial.refused for trial in others)
    assert report.chosen in others


def test_auto_refuses_in_one_line_when_nothing_passes():
    with pytest.raises(ConversionError) as caught:
        converted(None, gate=Gate(-1.0, -1.0, -1.0, 1.0))
    assert caught.value.fault is ConversionFault.NOT_KEPT
    said = str(caught.value)
    assert "no mode keeps every output; nearest is full: output analyte_0_low was not kept (and 2 more" in said
    assert "0 of 32 decisions changed" in said
    assert "try --mode float" in said
    assert "--accept analyte_0_low --accept analyte_1_high --accept analyte_2_low" in said
    assert "\n" not in said


def test_the_advice_is_a_mode_that_is_closer_to_float_and_runs_there():
    asks_too_much = Gate(-1.0, -1.0, -1.0, 1.0)
    for mode, target, advised in (
        (Mode.FULL, Target.LITERT, "try --mode mixed"),
        (Mode.FULL, Target.TFLITE_RUNTIME, "try --mode float"),
    ):
        with pytest.raises(ConversionError, match=advised):
            converted(mode, target=target, gate=asks_too_much)
    with pytest.raises(ConversionError) as caught:
        converted(Mode.FLOAT, gate=asks_too_much)
    assert "try --mode" not in caught.value.advice


@pytest.mark.parametrize("mode", [Mode.DYNAMIC, Mode.MIXED])
def test_for_tflite_runtime_no_dynamic_range_pack_is_made_and_the_reason_is_told(mode):
    with pytest.raises(ConversionError, match=f"mode {mode} has dynamic-range layers, which tflite-runtime") as caught:
        converted(mode, target=Target.TFLITE_RUNTIME)
    assert caught.value.fault is ConversionFault.NOT_FOR_TARGET
    assert "use mode full or float, or convert for --runtime litert" in caught.value.advice


def test_auto_for_tflite_runtime_tries_full_int8_alone():
    pack, report = converted(None, target=Target.TFLITE_RUNTIME)
    assert [trial.candidate.mode for trial in report.trials] == [Mode.FULL]
    assert (pack.manifest.quantisation, pack.parity["target"]) == ("static_int8", "tflite-runtime")
    assert "SPLIT" in report.execution.operators


def test_nothing_is_timed_on_a_runtime_that_is_not_here():
    _, report = converted(Mode.FULL, target=Target.TFLITE_RUNTIME)
    timed = Target.TFLITE_RUNTIME in installed_runtimes()
    assert (report.chosen.speed is not None, report.float_speed is not None) == (timed, timed)


@pytest.mark.parametrize("target", Target)
def test_a_full_pack_for_either_runtime_passes_its_self_test_on_litert(target):
    pack, _ = converted(Mode.FULL, target=target)
    open_model(ModelPack.from_bytes(pack.to_bytes()), runtime="litert")


def test_a_mixed_pack_takes_and_gives_float_and_says_what_it_is():
    pack, report = converted(Mode.MIXED)
    run = open_interpreter(pack.model)
    assert (run.input.dtype, run.output.dtype) == (np.float32, np.float32)
    assert (pack.manifest.quantisation, report.chosen.candidate.step) == ("mixed", report.chosen.candidate.step)
    open_model(ModelPack.from_bytes(pack.to_bytes()))


LOST = Gate(1.0, -1.0, 1.0, 1.0)
"""Full int8 loses every output of random weights by it."""


def test_an_accepted_loss_stands_in_the_row_of_its_output():
    ids = frozenset(output.id for output in IDENTITY.outputs)
    pack, report = converted(Mode.FULL, gate=LOST, accept=ids)
    read = ModelPack.from_bytes(pack.to_bytes())
    assert {row.id: row.accepted_loss for row in read.manifest.outputs} == report.chosen.failures
    assert report.lost == tuple(sorted(ids))
    assert all("with the float model, 1 is asked for" in row.accepted_loss for row in read.manifest.outputs)


def test_a_loss_that_was_accepted_and_did_not_happen_is_told_nowhere():
    once = tuple(row.model_copy(update={"accepted_loss": "rank correlation lost before"}) for row in IDENTITY.outputs)
    pack, report = converted(
        Mode.FULL, identity=replace(IDENTITY, outputs=once), accept=frozenset({IDENTITY.outputs[0].id})
    )
    assert [row.accepted_loss for row in pack.manifest.outputs] == [None] * 3
    assert (pack.parity["accepted_losses"], report.lost) == ([], ())


def test_accepting_an_output_that_is_not_there_is_refused_by_name():
    with pytest.raises(ConversionError, match="the loss of potasium_low is accepted, and no output is called so"):
        converted(Mode.FULL, accept=frozenset({"potasium_low"}))


def test_with_labels_the_pack_says_how_far_auroc_moved():
    labels = np.random.default_rng(0).integers(0, 2, (len(VERIFICATION.millivolts), 3)).astype(np.float32)
    labelled = replace(VERIFICATION, labels=labels)
    pack, _ = converted(Mode.FULL, verification=labelled, spoilt=with_artefacts(labelled, seed=0))
    for kept in (pack.parity, pack.parity["spoilt"]):
        assert all(0 < row["auroc_float"] < 1 and 0 < row["auroc_converted"] < 1 for row in kept["outputs"])


def test_auroc_that_moves_too_far_is_a_loss():
    """Every other window in the float model's order is positive: whichever two change places move the area."""
    said = converted(Mode.FLOAT)[1].chosen.clean.expected
    assert len(said) == len(VERIFICATION.millivolts)
    labels = (said.argsort(axis=0).argsort(axis=0) % 2).astype(np.float32)
    with pytest.raises(ConversionError, match="AUROC moved by "):
        converted(Mode.FULL, gate=Gate(-1.0, -1.0, 1.0, 0.0), verification=replace(VERIFICATION, labels=labels))


@pytest.mark.parametrize("mode", [Mode.MIXED, Mode.DYNAMIC])
def test_the_same_inputs_give_the_same_pack_in_every_mode(mode):
    one, other = (converted(mode, spoilt=SPOILT)[0].to_bytes() for _ in range(2))
    assert one == other

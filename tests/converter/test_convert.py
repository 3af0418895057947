"""From weights to a pack: calibration, quantisation, verification."""

from dataclasses import replace

import numpy as np
import pytest

from converter.calibration import WindowSet, network_inputs, synthetic_windows
from converter.convert import convert, with_outputs
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.errors import ConversionError, ConversionFault
from converter.gate import Gate
from converter.parity import OutputParity, Parity, compare
from converter.quantise import Mode, quantise
from converter.verify import through_the_loop
from edge.interpreter import open_interpreter
from edge.manifest import PackBudget
from edge.model import open_model
from edge.pack import ModelPack
from edge.preprocess import ECGFOUNDER
from tests.conftest import ASKS_NOTHING, IDENTITY
from tests.converter.networks import SMALL, random_weights

CALIBRATION, VERIFICATION = synthetic_windows(ECGFOUNDER, 16, seed=1), synthetic_windows(ECGFOUNDER, 32, seed=2)
ASKS_FOR_ALL = Gate(1.0, -1.0, 1.0, 1.0)


def converted(*, config=SMALL, seed=0, mode=Mode.FULL, identity=IDENTITY, gate=ASKS_NOTHING, **options):
    return convert(
        Checkpoint.of_state_dict(random_weights(config, seed)),
        identity,
        preprocessing=ECGFOUNDER,
        mode=mode,
        calibration=CALIBRATION,
        verification=VERIFICATION,
        gate=gate,
        **options,
    )


def test_the_same_inputs_give_the_same_pack_byte_for_byte(small_pack):
    pack, _ = converted()
    assert pack.to_bytes() == small_pack.to_bytes()


def test_other_weights_give_another_pack(small_pack):
    pack, _ = converted(seed=1)
    assert pack.manifest.model_sha256 != small_pack.manifest.model_sha256


def test_a_converted_pack_loads_and_passes_its_self_test_on_every_runtime(small_pack):
    pack = ModelPack.from_bytes(small_pack.to_bytes())
    families = {open_model(pack, runtime=name).kernel_family for name in ("litert", "reference")}
    assert families == small_pack.self_test.outputs.keys()


def test_a_float_pack_loads_and_passes_its_self_test():
    pack, report = converted(mode=Mode.FLOAT)
    assert (pack.manifest.quantisation, report.chosen.clean.spearman_min) == ("float", pytest.approx(1.0))
    open_model(ModelPack.from_bytes(pack.to_bytes()))


def test_a_full_int8_pack_takes_and_gives_int8(small_pack):
    run = open_interpreter(small_pack.model)
    assert (run.input.dtype, run.output.dtype) == (np.int8, np.int8)


def test_int8_is_a_fraction_of_float():
    config = replace(SMALL, filter_list=(32, 64, 128), n_outputs=3)
    _, report = converted(config=config)
    assert len(report.chosen.candidate.model) < 0.45 * len(report.source.model)


def test_what_was_kept_stands_in_the_pack(small_pack):
    kept = small_pack.parity
    assert (kept["mode"], kept["n_windows"] + kept["n_rejected"], len(kept["outputs"])) == ("full", 32, 3)


def test_int8_keeps_the_order_of_the_windows(small_pack):
    assert min(row["spearman"] for row in small_pack.parity["outputs"]) > 0.9


def test_int8_logits_stay_within_a_few_steps_of_float(small_pack):
    """Of steps that serve all outputs at once, as if each output had none of its own."""
    rows = small_pack.manifest.outputs
    lowest, highest = (f(o.logit_offset + sign * o.logit_scale for o in rows) for f, sign in ((min, -1), (max, 1)))
    assert max(row["max_abs_logit"] for row in small_pack.parity["outputs"]) < 4 * (highest - lowest) / 255


def test_a_head_of_another_size_than_described_is_refused():
    identity = replace(IDENTITY, outputs=IDENTITY.outputs[:2])
    with pytest.raises(ConversionError, match="has 3 outputs, 2 are described") as caught:
        converted(identity=identity)
    assert caught.value.fault is ConversionFault.HEAD_MISMATCH


def test_an_output_that_was_not_kept_is_refused_by_name():
    with pytest.raises(ConversionError, match=r"output analyte_0_low was not kept .* rank correlation 0") as caught:
        converted(gate=ASKS_FOR_ALL)
    assert caught.value.fault is ConversionFault.NOT_KEPT


def test_losses_that_are_accepted_by_name_stand_in_the_pack():
    names = frozenset(output.id for output in IDENTITY.outputs)
    pack, _ = converted(gate=ASKS_FOR_ALL, accept=names)
    assert pack.parity["accepted_losses"] == sorted(names)


def test_accepting_one_loss_does_not_accept_another():
    with pytest.raises(ConversionError, match="output analyte_1_high"):
        converted(gate=ASKS_FOR_ALL, accept=frozenset({"analyte_0_low"}))


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")  # of the quantizer, at a range of nothing
def test_an_output_that_says_the_same_of_everybody_was_not_kept():
    weights = random_weights(SMALL, seed=0)
    weights["dense.weight"][1] = 0.0
    with pytest.raises(ConversionError, match="output analyte_1_high was not kept: rank correlation nan") as caught:
        convert(
            Checkpoint.of_state_dict(weights),
            IDENTITY,
            preprocessing=ECGFOUNDER,
            mode=Mode.FULL,
            calibration=CALIBRATION,
            verification=VERIFICATION,
            gate=ASKS_NOTHING,
        )
    assert caught.value.fault is ConversionFault.NOT_KEPT


def test_the_manifest_names_the_converter_that_made_it(small_pack):
    assert small_pack.manifest.provenance.converter.startswith("anyecg-edge ")


def test_other_output_rows_leave_the_model_as_it_was(small_pack):
    rows = [output.model_copy(update={"auroc_pooled": 0.5}) for output in small_pack.manifest.outputs]
    changed = with_outputs(small_pack, rows, measured_on="nobody")
    assert (changed.model, changed.manifest.outputs, changed.parity["measured_on"]) == (
        small_pack.model,
        tuple(rows),
        "nobody",
    )


def test_activations_are_calibrated_on_their_true_extremes():
    model = emit(Checkpoint.of_state_dict(random_weights(SMALL, seed=0)), 5000)
    inputs = network_inputs(CALIBRATION, ECGFOUNDER)
    quantisation = open_interpreter(quantise(model, Mode.FULL, inputs)).input.quantisation
    low, high = quantisation.dequantise(np.array([-128, 127], np.int8))
    assert low <= inputs.min() + quantisation.scale
    assert high >= inputs.max() - quantisation.scale


def test_float_is_left_as_it_is():
    assert quantise(b"anything", Mode.FLOAT, np.empty((0, 0), np.float32)) == b"anything"


def with_itself(pack, windows):
    said = through_the_loop(open_model(pack), windows)
    return compare(said, said, windows, pack.manifest.outputs)


def test_a_model_agrees_with_itself(small_pack):
    rows = with_itself(small_pack, VERIFICATION).outputs
    assert [(r.spearman, r.max_abs_logit, r.rms_logit, r.flips) for r in rows] == [
        (pytest.approx(1.0), 0.0, 0.0, 0)
    ] * 3


def test_a_pack_with_a_budget_smaller_than_the_converter_is_verified_all_the_same():
    identity = replace(IDENTITY, budget=PackBudget(latency_p99_ms=1e-6, resident_mb=1.0))
    _, report = converted(identity=identity)
    assert report.chosen.clean.n_windows == len(VERIFICATION.millivolts)


def test_windows_that_cannot_be_read_are_counted_apart(small_pack):
    windows = VERIFICATION.millivolts.copy()
    windows[:3] = np.random.default_rng(0).normal(0, 0.3, (3, 5000))
    before = with_itself(small_pack, VERIFICATION)
    after = with_itself(small_pack, WindowSet(windows, "with noise"))
    assert (after.n_rejected, after.n_windows) == (before.n_rejected + 3, before.n_windows - 3)


def test_a_rank_correlation_that_is_none_is_null_in_the_pack():
    row, nothing = OutputParity("a", float("nan"), 0.0, 0.0, 0), np.zeros((8, 1))
    assert Parity(8, 0, "test", (row,), nothing, nothing).as_json()["outputs"][0]["spearman"] is None


def test_windows_of_which_too_few_can_be_read_prove_nothing(small_pack):
    noise = np.random.default_rng(0).normal(0, 0.3, (32, 5000)).astype(np.float32)
    with pytest.raises(ConversionError, match="0 of 32 windows of noise can be read, 8 are needed"):
        with_itself(small_pack, WindowSet(noise, "noise"))


@pytest.mark.parametrize("spoil", [0.0, np.nan, np.inf])
def test_windows_that_do_not_move_or_are_not_finite_are_refused(spoil):
    windows = CALIBRATION.millivolts.copy()
    windows[3] = spoil
    with pytest.raises(ConversionError) as caught:
        WindowSet(windows, "spoiled")
    assert caught.value.fault is ConversionFault.BAD_CALIBRATION


def test_too_few_windows_are_refused():
    with pytest.raises(ConversionError, match="7 windows of few are too few"):
        WindowSet(CALIBRATION.millivolts[:7], "few")


def test_calibration_and_verification_share_no_window():
    assert not any((a == b).all() for a in CALIBRATION.millivolts for b in VERIFICATION.millivolts)

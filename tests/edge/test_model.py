from dataclasses import replace

import numpy as np
import pytest

from edge.errors import PackError, PackFault
from edge.interpreter import TensorSpec, open_interpreter
from edge.model import Model, open_model
from tests.edge.batches import stating_its_batch
from tests.edge.signals import heartbeat


def with_self_test(pack, **changes):
    return replace(pack, self_test=replace(pack.self_test, **changes))


def changed(array, by):
    other = array.copy()
    other.flat[0] += by
    return other


def refusal(pack, runtime=None):
    with pytest.raises(PackError) as caught:
        open_model(pack, runtime=runtime)
    assert caught.value.fault is PackFault.SELF_TEST_FAILED
    return caught.value.problem


@pytest.mark.parametrize("runtime", ["litert", "reference"])
def test_a_pack_passes_its_self_test(small_pack, runtime):
    open_model(small_pack, runtime=runtime)


@pytest.mark.parametrize("runtime", ["litert", "reference"])
def test_one_step_off_within_a_kernel_family_fails_the_self_test(small_pack, runtime):
    outputs = {family: changed(y, 1) for family, y in small_pack.self_test.outputs.items()}
    assert "does not give the outputs it gave" in refusal(with_self_test(small_pack, outputs=outputs), runtime)


def test_another_kernel_family_may_differ_by_the_tolerance(small_pack):
    outputs = {"another/family": changed(small_pack.self_test.outputs["litert/xnnpack"], 2)}
    open_model(with_self_test(small_pack, outputs=outputs, tolerance=2.0))


def test_another_kernel_family_that_differs_by_more_fails_the_self_test(small_pack):
    outputs = {"another/family": changed(small_pack.self_test.outputs["litert/xnnpack"], 3)}
    problem = refusal(with_self_test(small_pack, outputs=outputs, tolerance=2.0))
    assert "litert/xnnpack differs from another/family by 3, 2 is allowed" in problem


@pytest.mark.parametrize("part_of_tolerance", [0.5, 2.0])
def test_float_outputs_of_another_processor_may_differ_by_the_tolerance_within_a_family(
    small_float_pack, part_of_tolerance
):
    test = small_float_pack.self_test
    moved = {family: changed(y, part_of_tolerance * test.tolerance) for family, y in test.outputs.items()}
    elsewhere = with_self_test(small_float_pack, outputs=moved)
    if part_of_tolerance < 1:
        assert open_model(elsewhere).batch_of(3) == 3
    else:
        assert "litert/xnnpack differs from what it gave when the pack was made by" in refusal(elsewhere)


def test_preprocessing_that_gives_other_numbers_fails_the_self_test(small_pack):
    inputs = changed(small_pack.self_test.inputs, 2)
    assert "preprocessing differs by 2" in refusal(with_self_test(small_pack, inputs=inputs))


def test_a_pack_without_self_test_is_not_trusted(small_pack):
    assert "it has none" in refusal(with_self_test(small_pack, outputs={}))


@pytest.mark.parametrize(
    "changes",
    [
        {"windows_uv": np.zeros((4, 4999), np.int32)},
        {"inputs": np.zeros((3, 5000), np.int8)},
        {"inputs": np.zeros((4, 5000), np.float32)},
        {"outputs": {"litert/xnnpack": np.zeros((4, 2), np.int8)}},
    ],
    ids=["window length", "number of inputs", "dtype", "number of outputs"],
)
def test_a_self_test_of_other_shapes_is_not_trusted(small_pack, changes):
    assert "its arrays do not have the model's shapes" in refusal(with_self_test(small_pack, **changes))


def test_a_manifest_of_other_outputs_does_not_fit_the_model(small_pack):
    manifest = small_pack.manifest.model_copy(update={"outputs": small_pack.manifest.outputs[:2]})
    with pytest.raises(
        PackError, match=r"maps \(1, 5000\) to \(1, 3\), its manifest says \(1, 5000\) to \(1, 2\)"
    ) as e:
        open_model(replace(small_pack, manifest=manifest))
    assert e.value.fault is PackFault.MODEL_MISMATCH


def test_estimates_are_the_logistic_of_the_logits_in_the_manifests_order(small_pack):
    model = open_model(small_pack)
    y = model.infer(model.quantise(model.preprocess(heartbeat(10.0))))
    expected = 1 / (1 + np.exp(-model.logits(y).astype(np.float64)))
    assert [e.output_id for e in model.decode(y)] == [output.id for output in small_pack.manifest.outputs]
    np.testing.assert_allclose([e.probability for e in model.decode(y)], expected)


@pytest.mark.parametrize("batch", [1, 2, 4, 8])
@pytest.mark.parametrize("n_windows", [1, 4, 7])
def test_windows_in_groups_give_the_bits_each_gives_alone(small_pack, batch, n_windows):
    model = open_model(small_pack)
    x = np.resize(small_pack.self_test.inputs, (n_windows, 5000))
    np.testing.assert_array_equal(model.infer_all(x, batch), np.stack([model.infer(window) for window in x]))


@pytest.mark.parametrize("runtime", ["litert", "reference"])
@pytest.mark.parametrize("wanted", [1, 2, 4, 8])
def test_a_network_with_an_open_batch_takes_as_many_windows_as_are_wanted(small_pack, wanted, runtime):
    assert open_model(small_pack, runtime=runtime).batch_of(wanted) == wanted


def test_what_a_kernel_family_without_vectors_gives_together_is_held_against_what_it_gives_alone(small_pack):
    outputs = {"another/family": small_pack.self_test.outputs["litert/xnnpack"]}
    assert open_model(with_self_test(small_pack, outputs=outputs, tolerance=2.0)).batch_of(4) == 4


def test_a_network_that_states_its_batch_takes_one_window_at_a_time(small_pack):
    assert open_model(stating_its_batch(small_pack)).batch_of(4) == 1


class Unlike:
    """An interpreter that says something else of windows that come together."""

    def __init__(self, interpreter):
        self._interpreter = interpreter
        self.kernel_family = interpreter.kernel_family
        self.input, self.output = interpreter.input, interpreter.output

    def invoke(self, x):
        return self._interpreter.invoke(x)

    def invoke_batch(self, x):
        return changed(self._interpreter.invoke_batch(x), len(x) > 1)


def test_a_network_whose_bits_change_in_company_takes_one_window_at_a_time(small_pack):
    assert Model(small_pack, Unlike(open_interpreter(small_pack.model))).batch_of(4) == 1


class Fixed:
    """An interpreter of a float model that always says the same."""

    kernel_family = "fixed"

    def __init__(self, y):
        self._y = np.array([y], np.float32)
        self.input = TensorSpec((1, 5000), np.dtype(np.float32), None)
        self.output = TensorSpec(self._y.shape, np.dtype(np.float32), None)

    def invoke(self, x):
        assert x.dtype == np.float32
        return self._y.copy()


def fixed_model(pack, y):
    test = pack.self_test
    inputs = open_model(pack).preprocess(test.windows_uv / 1000.0)
    outputs = {"fixed": np.tile(np.array(y, np.float32), (len(inputs), 1))}
    return Model(with_self_test(pack, inputs=inputs, outputs=outputs), Fixed(y))


@pytest.fixture(scope="module")
def plain_pack(small_pack):
    """The small pack as if its network gave logits itself."""
    return with_rows(small_pack, logit_scale=[1.0] * 3, logit_offset=[0.0] * 3)


def with_rows(pack, **changes):
    """The pack with fields of its output rows changed: one value for each row."""
    rows = [
        output.model_copy(update={field: values[k] for field, values in changes.items()})
        for k, output in enumerate(pack.manifest.outputs)
    ]
    return replace(pack, manifest=pack.manifest.model_copy(update={"outputs": tuple(rows)}))


def test_a_probability_that_reaches_the_threshold_counts_as_above(plain_pack):
    model = fixed_model(plain_pack, [0.0, -0.01, 3.0])
    decoded = model.decode(model.infer(np.zeros(5000, np.float32)))
    assert [e.above_threshold for e in decoded] == [True, False, True]


def test_a_float_model_takes_the_signal_as_it_is(small_pack):
    signal = np.linspace(-1, 1, 5000, dtype=np.float32)
    assert fixed_model(small_pack, [0.0, 0.0, 0.0]).quantise(signal) is signal


def test_extreme_logits_stay_probabilities(plain_pack):
    model = fixed_model(plain_pack, [-1e4, 1e4, 0.0])
    decoded = model.decode(model.infer(np.zeros(5000, np.float32)))
    assert [e.probability for e in decoded] == [0.0, 1.0, 0.5]


def test_each_output_has_its_own_scale_and_offset(small_pack):
    pack = with_rows(small_pack, logit_scale=[2.0, 1.0, 0.5], logit_offset=[0.0, -3.0, 1.0])
    model = fixed_model(pack, [0.25, 0.25, 0.5])
    y = model.infer(np.zeros(5000, np.float32))
    assert model.logits(y).tolist() == [0.5, -2.75, 1.25]
    np.testing.assert_allclose([e.probability for e in model.decode(y)], 1 / (1 + np.exp([-0.5, 2.75, -1.25])))


def test_scale_and_offset_hold_for_several_windows_at_once(plain_pack):
    model = fixed_model(with_rows(plain_pack, logit_scale=[2.0] * 3, logit_offset=[1.0, 0.0, 0.0]), [0.0] * 3)
    assert model.logits(np.ones((2, 3), np.float32)).tolist() == [[3.0, 2.0, 2.0]] * 2


def test_int8_outputs_are_dequantised_before_they_are_scaled(plain_pack):
    plain, y = open_model(plain_pack), np.array([-128, 0, 127], np.int8)
    scaled = open_model(with_rows(plain_pack, logit_scale=[4.0] * 3, logit_offset=[-1.0] * 3))
    np.testing.assert_allclose(scaled.logits(y), 4.0 * plain.logits(y) - 1.0, rtol=1e-6)


def test_without_scale_and_offset_the_output_is_the_logit(plain_pack):
    model = fixed_model(plain_pack, [0.1, -7.3, 2.0])
    assert model.logits(np.array([0.1, -7.3, 2.0], np.float32)).tolist() == np.float32([0.1, -7.3, 2.0]).tolist()


def test_a_model_that_gives_nan_in_its_self_test_is_not_trusted(small_pack):
    with pytest.raises(PackError) as caught:
        fixed_model(small_pack, [float("nan"), 0.0, 0.0])
    assert caught.value.fault is PackFault.SELF_TEST_FAILED


def test_an_output_that_is_not_a_number_is_never_an_estimate(small_pack):
    model = fixed_model(small_pack, [0.0, 0.0, 0.0])
    with pytest.raises(PackError) as caught:
        model.decode(np.array([0.0, np.nan, 0.0], np.float32))
    assert caught.value.fault is PackFault.NOT_A_NUMBER


def test_the_model_runs_on_the_kernels_it_names(small_pack):
    assert open_model(small_pack, runtime="reference").kernel_family == "tflite/reference"


def test_a_model_can_be_given_its_interpreter(small_pack):
    assert Model(small_pack, open_interpreter(small_pack.model)).contract.window_samples == 5000

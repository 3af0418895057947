"""What can become C is read; what cannot is refused by name, with what to change."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given
from hypothesis import strategies as st

from converter.patch.errors import ExportError, ExportFault
from converter.patch.execute import execute
from converter.patch.header import Identity
from converter.patch.literals import text_literal
from converter.patch.network import Add, Conv, Dense, Depthwise, MaxPool, Mean, Mul, Pad, Rows, Scale
from converter.patch.reading import operator_names, read_network
from edge.pack import SHIPPED, read_any_pack
from tests.converter.patch.built import random_inputs
from tests.converter.patch.int8_models import RELU, SAME, VALID, Int8Model, random_model


def started(width=20, channels=4):
    m = Int8Model()
    return m, m.input(width, channels)


def read(m, x, y):
    return read_network(m.to_bytes(x, y))


def test_a_convolution_is_read_with_its_padding():
    m, x = started()
    network = read(m, x, m.conv(x, 6, 5, 2, 2, SAME, RELU))
    (conv,) = network.operators
    assert isinstance(conv, Conv)
    assert conv.rows == Rows(kernel=5, stride=2, before=1, after=2)
    assert conv.weights.values.shape == (6, 5, 2)
    assert conv.activation == "relu"


def test_the_demonstration_pack_is_read_whole():
    network = read_network(read_any_pack(SHIPPED).model)
    kinds = {type(operator) for operator in network.operators}
    assert {Conv, Dense, Mean, Mul, Scale, Add, MaxPool, Pad} <= kinds
    assert len(network.operators) == 145


def test_what_follows_the_model_is_ignored():
    data = SHIPPED.read_bytes()
    assert len(read_network(data).operators) == 145


def test_operators_are_named_once_and_sorted():
    m, x = started()
    assert operator_names(m.to_bytes(x, m.conv(m.conv(x, 3), 2))) == ("CONV_2D",)


def test_a_depthwise_convolution_keeps_a_row_for_each_tap():
    m, x = started()
    (deep,) = read(m, x, m.depthwise(x, 3)).operators
    assert isinstance(deep, Depthwise)
    assert deep.weights.values.shape == (3, 4)


def dilated(m, x):
    return m.conv(x, 3, 3, dilation=2)


def multiplied_depth(m, x):
    return m.depthwise(x, 3, multiplier=2)


def softmax(m, x):
    return m.operator("SOFTMAX", [x], m.tensor(m.shape(x), 1 / 256, -128), schema.SoftmaxOptionsT())


def tanh_fused(m, x):
    return m.conv(x, 3, activation=schema.ActivationFunctionType.TANH)


def float_output(m, x):
    return m.operator("DEQUANTIZE", [x], m.tensor(m.shape(x), kind=schema.TensorType.FLOAT32))


def float_weights(m, x):
    weights = m.constant(np.zeros((3, 1, 1, 4), np.float32))
    options = schema.Conv2DOptionsT()
    options.strideW = options.strideH = options.dilationWFactor = options.dilationHFactor = 1
    return m.operator("CONV_2D", [x, weights], m.tensor((1, 1, 20, 3), 0.1), options)


def scale_of_nothing(m, x):
    return m.operator("LOGISTIC", [x], m.tensor(m.shape(x), 0.0))


def two_dimensional(m, x):
    y = m.tensor((1, 4, 5, 4), *m.scale(x))
    return m.operator("RESHAPE", [x, m.constant(np.array([1, 4, 5, 4], np.int32))], y, schema.ReshapeOptionsT())


def padded_batch(m, x):
    return m.pad(x, batch=(0, 1))


def over_channels(m, x):
    options = schema.ReducerOptionsT()
    options.keepDims = True
    return m.operator("MEAN", [x, m.constant(np.array([3], np.int32))], m.tensor((1, 1, 20, 1), 0.1), options)


def spread_addition(m, x):
    options = schema.AddOptionsT()
    return m.operator("ADD", [x, m.mean(x)], m.tensor(m.shape(x), 0.1), options)


def rescaling_pool(m, x):
    y = m.max_pool(x, 2, 2)
    return m.operator("MAX_POOL_2D", [y], m.tensor((1, 1, 5, 4), 0.9), _pool_of_two())


def weights_off_zero(m, x):
    y = m.conv(x, 3)
    m._graph.tensors[1].quantization.zeroPoint = [4, 4, 4]
    return y


def weights_by_input(m, x):
    y = m.conv(x, 3)
    m._graph.tensors[1].quantization.quantizedDimension = 3
    return y


def weights_of_no_size(m, x):
    y = m.conv(x, 3)
    m._graph.tensors[1].quantization.scale = [0.1, -0.1, 0.1]
    return y


def zero_point_of_16_bits(m, x):
    y = m.conv(x, 3)
    m._graph.tensors[y].quantization.zeroPoint = [300]
    return y


def scales_of_channels(m, x):
    y = m.conv(x, 3)
    m._graph.tensors[y].quantization.scale = [0.1, 0.2, 0.3]
    return y


def scale_out_of_proportion(m, x):
    y = m.conv(x, 3)
    m._graph.tensors[y].quantization.scale = [1e-30]
    return y


def sum_far_below(m, x):
    y = m.add(x, m.conv(x, 4))
    m._graph.tensors[y].quantization.scale = [1e-9]
    return y


def logistic_of_another_scale(m, x):
    return m.operator("LOGISTIC", [x], m.tensor(m.shape(x), 0.5, 0))


def several_rows_as_one(m, x):
    weights = m.constant(np.ones((3, 80), np.int8), [0.1])
    return m.operator("FULLY_CONNECTED", [x, weights], m.tensor((1, 3), 0.1), schema.FullyConnectedOptionsT())


def dense_of_other_shapes(m, x):
    weights = m.constant(np.ones((3, 7), np.int8), [0.1])
    return m.operator("FULLY_CONNECTED", [x, weights], m.tensor((1, 3), 0.1), schema.FullyConnectedOptionsT())


def product_of_other_shapes(m, x):
    options = schema.MulOptionsT()
    return m.operator("MUL", [x, m.conv(x, 5)], m.tensor(m.shape(x), 0.1), options)


def product_by_two_constants(m, x):
    return m.mul(x, m.constant(np.ones(2, np.int8), 0.1))


def reshaped_to_other_size(m, x):
    return m.reshape(x, (1, 1, 20, 5))


def kernel_of_two_rows(m, x):
    weights = m.constant(np.ones((3, 2, 1, 4), np.int8), [0.1])
    options = schema.Conv2DOptionsT()
    options.strideW = options.strideH = options.dilationWFactor = options.dilationHFactor = 1
    return m.operator("CONV_2D", [x, weights], m.tensor((1, 1, 20, 3), 0.1), options)


def kernel_of_300(m, x):
    return m.conv(x, 2, 300)


def rows_that_do_not_come_out(m, x):
    y = m.max_pool(x, 2, 2)
    m._graph.tensors[y].shape = [1, 1, 11, 4]
    return y


def groups_that_do_not_divide(m, x):
    weights = m.constant(np.ones((3, 1, 1, 2), np.int8), [0.1])
    options = schema.Conv2DOptionsT()
    options.strideW = options.strideH = options.dilationWFactor = options.dilationHFactor = 1
    return m.operator("CONV_2D", [x, weights], m.tensor((1, 1, 20, 3), 0.1), options)


def weights_from_a_layer(m, x):
    options = schema.FullyConnectedOptionsT()
    return m.operator("FULLY_CONNECTED", [x, m.conv(x, 2)], m.tensor((1, 1, 20, 2), 0.1), options)


def written_twice(m, x):
    y = m.conv(x, 4)
    return m.operator("LOGISTIC", [x], y)


def of_what_nobody_wrote(m, x):
    return m.operator("LOGISTIC", [m.tensor(m.shape(x), 0.1)], m.tensor(m.shape(x), 1 / 256, -128))


def padding_that_rescales(m, x):
    y = m.pad(x, (1, 1))
    m._graph.tensors[y].quantization.scale = [0.7]
    return y


def as_long_as_an_hour(m, x):
    return m.pad(x, (70_000, 0))


def _pool_of_two():
    options = schema.Pool2DOptionsT()
    options.padding, options.strideW, options.strideH, options.filterHeight, options.filterWidth = VALID, 2, 1, 1, 2
    return options


@pytest.mark.parametrize(
    ("make", "fault", "names"),
    [
        (softmax, ExportFault.UNSUPPORTED_OPERATOR, ("SOFTMAX", "CONV_2D")),
        (tanh_fused, ExportFault.UNSUPPORTED_OPERATOR, ("CONV_2D", "RELU6")),
        (float_output, ExportFault.UNSUPPORTED_OPERATOR, ("DEQUANTIZE",)),
        (float_weights, ExportFault.NOT_INT8, ("CONV_2D", "float32", "--mode full")),
        (dilated, ExportFault.UNSUPPORTED_SHAPE, ("CONV_2D", "dilation 1")),
        (multiplied_depth, ExportFault.UNSUPPORTED_SHAPE, ("depth multiplier 2", "depth multiplier 1")),
        (two_dimensional, ExportFault.UNSUPPORTED_SHAPE, ("RESHAPE", "height at 1")),
        (padded_batch, ExportFault.UNSUPPORTED_SHAPE, ("PAD", "batch")),
        (over_channels, ExportFault.UNSUPPORTED_SHAPE, ("MEAN", "[3]")),
        (spread_addition, ExportFault.UNSUPPORTED_SHAPE, ("ADD", "equal shapes")),
        (rescaling_pool, ExportFault.UNSUPPORTED_SCALE, ("MAX_POOL_2D",)),
        (scale_of_nothing, ExportFault.UNSUPPORTED_SCALE, ("LOGISTIC", "scale")),
        (weights_off_zero, ExportFault.UNSUPPORTED_SCALE, ("zero point", "symmetrically")),
        (weights_by_input, ExportFault.UNSUPPORTED_SCALE, ("another axis",)),
        (weights_of_no_size, ExportFault.UNSUPPORTED_SCALE, ("not positive",)),
        (zero_point_of_16_bits, ExportFault.UNSUPPORTED_SCALE, ("zero point 300",)),
        (scales_of_channels, ExportFault.UNSUPPORTED_SCALE, ("single scale",)),
        (scale_out_of_proportion, ExportFault.UNSUPPORTED_SHAPE, ("out of all proportion",)),
        (sum_far_below, ExportFault.UNSUPPORTED_SCALE, ("ADD", "far below")),
        (logistic_of_another_scale, ExportFault.UNSUPPORTED_SCALE, ("1/256",)),
        (several_rows_as_one, ExportFault.UNSUPPORTED_SHAPE, ("RESHAPE",)),
        (dense_of_other_shapes, ExportFault.UNSUPPORTED_SHAPE, ("do not go together",)),
        (product_of_other_shapes, ExportFault.UNSUPPORTED_SHAPE, ("MUL", "equal shapes")),
        (product_by_two_constants, ExportFault.UNSUPPORTED_SHAPE, ("MUL", "one constant a channel")),
        (reshaped_to_other_size, ExportFault.UNSUPPORTED_SHAPE, ("do not go together",)),
        (kernel_of_two_rows, ExportFault.UNSUPPORTED_SHAPE, ("2 high",)),
        (kernel_of_300, ExportFault.UNSUPPORTED_SHAPE, ("kernel 300", "1 to 255")),
        (rows_that_do_not_come_out, ExportFault.UNSUPPORTED_SHAPE, ("20 rows to 11",)),
        (groups_that_do_not_divide, ExportFault.UNSUPPORTED_SHAPE, ("groups of 2",)),
        (weights_from_a_layer, ExportFault.UNSUPPORTED_SHAPE, ("weights are not constant",)),
        (written_twice, ExportFault.UNSUPPORTED_SHAPE, ("there already",)),
        (of_what_nobody_wrote, ExportFault.UNSUPPORTED_SHAPE, ("nothing has written",)),
        (padding_that_rescales, ExportFault.UNSUPPORTED_SCALE, ("PAD",)),
        (as_long_as_an_hour, ExportFault.UNSUPPORTED_SHAPE, ("under 65536",)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_cannot_become_c_is_refused_by_name(make, fault, names):
    m, x = started()
    with pytest.raises(ExportError) as refused:
        read(m, x, make(m, x))
    assert refused.value.fault is fault
    assert all(name in str(refused.value) for name in names), str(refused.value)


def test_several_subgraphs_are_refused():
    m, x = started()
    m._model.subgraphs.append(m._graph)
    with pytest.raises(ExportError, match="2 subgraphs"):
        read(m, x, m.conv(x, 3))


def test_an_output_that_nothing_writes_is_refused():
    m, x = started()
    m.conv(x, 3)
    with pytest.raises(ExportError, match="no operator writes"):
        read(m, x, m.tensor((1, 1, 20, 3), 0.1))


def test_several_outputs_are_refused():
    m, x = started()
    with pytest.raises(ExportError, match="2 outputs"):
        read(m, x, [m.conv(x, 3), m.conv(x, 4)])


@pytest.mark.parametrize("data", [b"", b"not a model at all", b"\x10\0\0\0TFL3" + b"\xff" * 64])
def test_what_is_no_model_is_refused(data):
    with pytest.raises(ExportError) as refused:
        read_network(data)
    assert refused.value.fault is ExportFault.NOT_A_MODEL


def test_a_truncated_model_is_refused_and_nothing_else_is_raised():
    model = read_any_pack(SHIPPED).model
    for size in range(8, len(model), 15_013):
        with pytest.raises(ExportError):
            read_network(model[:size])


@given(st.integers(0, 40), st.lists(st.tuples(st.integers(8, 1 << 20), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_spoilt_model_is_read_or_refused_and_what_is_read_runs(seed, changes):
    model = bytearray(random_model(seed))
    for at, value in changes:
        model[8 + at % (len(model) - 8)] = value
    try:
        network = read_network(bytes(model))
    except ExportError:
        return
    outputs = execute(network, random_inputs(2, network.tensors[network.input].size_bytes))
    assert outputs.shape == (2, network.tensors[network.output].size_bytes)


def test_a_name_that_is_code_stays_a_name():
    identity = Identity('x"; */ evil() /*', "1??/\n", "0", demonstration=False)
    assert text_literal(identity.name) == '"x\\"; */ evil() /*"'
    assert "*/" not in identity.comment
    assert "\n" not in identity.comment
    assert text_literal("??/") == '"\\?\\?/"'

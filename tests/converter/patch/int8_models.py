"""Int8 TFLite models written straight into the flatbuffer: every shape and scale, without a quantiser's choice."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

NONE, RELU, RELU6 = 0, 1, 3
SAME, VALID = 0, 1


class Int8Model:
    """Operators one after the other; every method returns the number of the tensor it writes."""

    def __init__(self, seed=0):
        self.draws = np.random.default_rng(seed)
        self._model = schema.ModelT()
        self._model.version, self._model.description = 3, b"test"
        self._model.buffers, self._model.operatorCodes = [schema.BufferT()], []
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._model.subgraphs = [self._graph]
        self._codes = {}

    # What the network consists of.

    def input(self, width, channels, scale=0.05, zero=3):
        return self.tensor((1, 1, width, channels), scale, zero)

    def conv(self, x, out, kernel=1, stride=1, groups=1, padding=SAME, activation=NONE, spread=1.0, **more):
        width, channels = self.shape(x)[2:]
        per_group = channels // groups
        weights = self._weights((out, 1, kernel, per_group), out, 0, more.get("per_tensor", False))
        options = self._strided(schema.Conv2DOptionsT(), stride, padding, activation)
        options.dilationWFactor = more.get("dilation", 1)
        options.dilationHFactor = 1
        shape = (1, 1, self._rows(width, kernel, stride, padding), out)
        return self._layer("CONV_2D", x, weights, out, per_group * kernel, shape, options, spread)

    def depthwise(self, x, kernel, stride=1, padding=SAME, activation=NONE, multiplier=1, spread=1.0):
        width, channels = self.shape(x)[2:]
        out = channels * multiplier
        weights = self._weights((1, 1, kernel, out), out, 3, per_tensor=False)
        options = self._strided(schema.DepthwiseConv2DOptionsT(), stride, padding, activation)
        options.depthMultiplier = multiplier
        options.dilationWFactor = options.dilationHFactor = 1
        shape = (1, 1, self._rows(width, kernel, stride, padding), out)
        return self._layer("DEPTHWISE_CONV_2D", x, weights, out, kernel, shape, options, spread)

    def dense(self, x, out, activation=NONE, *, per_tensor=False, bias=True, spread=1.0):
        channels = self.shape(x)[-1]
        weights = self._weights((out, channels), out, 0, per_tensor)
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = activation
        shape = (*self.shape(x)[:-1], out)
        return self._layer("FULLY_CONNECTED", x, weights, out, channels, shape, options, spread, bias=bias)

    def mean(self, x, *, keep_dims=True, like=None):
        options = schema.ReducerOptionsT()
        options.keepDims = keep_dims
        channels = self.shape(x)[3]
        scale, zero = self.scale(x) if like is None else self.scale(like)
        if like is None:
            narrower = float(self.draws.uniform(0.7, 2.0)) / np.sqrt(self.shape(x)[2])
            scale, zero = scale * min(narrower, 0.9), int(self.draws.integers(-60, 60))
        y = self.tensor((1, 1, 1, channels) if keep_dims else (1, channels), scale, zero)
        return self.operator("MEAN", [x, self.constant(np.array([1, 2], np.int32))], y, options)

    def logistic(self, x):
        return self.operator("LOGISTIC", [x], self.tensor(self.shape(x), 1 / 256, -128))

    def mul(self, a, b, activation=NONE):
        options = schema.MulOptionsT()
        options.fusedActivationFunction = activation
        scale = self.scale(a)[0] * self.scale(b)[0] * float(self.draws.uniform(20, 200))
        return self.operator(
            "MUL", [a, b], self.tensor(self.shape(a), scale, int(self.draws.integers(-90, 90))), options
        )

    def scaled(self, x, *, uniform=False):
        channels = self.shape(x)[-1]
        values = self.draws.integers(-127, 128, 1 if uniform else channels, dtype=np.int8)
        factors = self.constant(np.resize(values, channels), 0.01, int(self.draws.integers(-128, 20)))
        return self.mul(x, factors)

    def add(self, a, b, activation=NONE):
        options = schema.AddOptionsT()
        options.fusedActivationFunction = activation
        scale = float(np.float32(max(self.scale(a)[0], self.scale(b)[0]) * self.draws.uniform(0.7, 1.6)))
        y = self.tensor(self.shape(a), scale, int(self.draws.integers(-70, 70)))
        return self.operator("ADD", [a, b], y, options)

    def max_pool(self, x, size, stride, padding=VALID, activation=NONE):
        width, channels = self.shape(x)[2:]
        options = self._strided(schema.Pool2DOptionsT(), stride, padding, activation)
        options.filterHeight, options.filterWidth = 1, size
        shape = (1, 1, self._rows(width, size, stride, padding), channels)
        return self.operator("MAX_POOL_2D", [x], self.tensor(shape, *self.scale(x)), options)

    def pad(self, x, rows=(0, 0), channels=(0, 0), batch=(0, 0)):
        amounts = np.array([batch, (0, 0), rows, channels], np.int32)
        shape = [size + sum(amount) for size, amount in zip(self.shape(x), amounts.tolist(), strict=True)]
        y = self.tensor(tuple(shape), *self.scale(x))
        return self.operator("PAD", [x, self.constant(amounts)], y, schema.PadOptionsT())

    def reshape(self, x, shape):
        options = schema.ReshapeOptionsT()
        options.newShape = list(shape)
        y = self.tensor(shape, *self.scale(x))
        return self.operator("RESHAPE", [x, self.constant(np.array(shape, np.int32))], y, options)

    # How it is written.

    def to_bytes(self, x, y):
        self._graph.inputs, self._graph.outputs = np.atleast_1d(x).tolist(), np.atleast_1d(y).tolist()
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def shape(self, tensor):
        return tuple(self._graph.tensors[tensor].shape)

    def scale(self, tensor):
        quantisation = self._graph.tensors[tensor].quantization
        return float(quantisation.scale[0]), int(quantisation.zeroPoint[0])

    def tensor(self, shape, scale=None, zero=0, kind=schema.TensorType.INT8, buffer=0, axis=0):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = f"t{len(self._graph.tensors)}".encode(), list(shape), kind
        tensor.buffer, tensor.hasRank = buffer, True
        if scale is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.atleast_1d(np.float32(scale)).tolist()
            tensor.quantization.zeroPoint = np.broadcast_to(zero, np.atleast_1d(scale).shape).tolist()
            tensor.quantization.quantizedDimension = axis
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(self, values, scale=None, zero=0, axis=0):
        buffer = schema.BufferT()
        buffer.data = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        self._model.buffers.append(buffer)
        kind = {"int8": schema.TensorType.INT8, "int32": schema.TensorType.INT32, "float32": schema.TensorType.FLOAT32}
        return self.tensor(values.shape, scale, zero, kind[values.dtype.name], len(self._model.buffers) - 1, axis)

    def operator(self, kind, inputs, output, options=None):
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(kind)
        operator.inputs, operator.outputs = list(inputs), [output]
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self._graph.operators.append(operator)
        return output

    def _code(self, kind):
        if kind not in self._codes:
            code = schema.OperatorCodeT()
            code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, kind)
            code.version = 1
            self._model.operatorCodes.append(code)
            self._codes[kind] = len(self._model.operatorCodes) - 1
        return self._codes[kind]

    def _weights(self, shape, out, axis, per_tensor):
        values = self.draws.integers(-127, 128, shape, dtype=np.int8)
        scales = self.draws.uniform(0.001, 0.02, 1 if per_tensor else out)
        return self.constant(values, scales, 0, axis)

    def _layer(self, kind, x, weights, out, elements, shape, options, spread, *, bias=True):
        scales = np.asarray(self._graph.tensors[weights].quantization.scale)
        product = np.broadcast_to(self.scale(x)[0] * scales, out)
        inputs = [x, weights]
        if bias:
            values = self.draws.integers(-4000, 4000, out, dtype=np.int32)
            inputs.append(self.constant(values, self.scale(x)[0] * scales))
        scale = float(np.mean(product)) * 60 * 60 * np.sqrt(elements) / 45 * spread
        zero = int(self.draws.integers(-128, 60))
        return self.operator(kind, inputs, self.tensor(shape, scale, zero), options)

    def _strided(self, options, stride, padding, activation):
        options.padding, options.strideW, options.strideH = padding, stride, 1
        options.fusedActivationFunction = activation
        return options

    def _rows(self, width, kernel, stride, padding):
        return -(-width // stride) if padding == SAME else (width - kernel) // stride + 1


def random_model(seed):
    """A small network of supported operators: odd widths, kernels, strides, groups and channels."""
    m = Int8Model(seed)
    draws = m.draws
    pick = lambda *of: of[int(draws.integers(len(of)))]  # noqa: E731
    width, channels = int(draws.integers(9, 70)), pick(1, 2, 3, 5, 8)
    x = y = m.input(width, channels, float(draws.uniform(0.01, 0.2)), int(draws.integers(-128, 100)))
    if draws.random() < 0.5:
        flat = m.tensor((1, width * channels), *m.scale(x))
        x = flat
        m.operator(
            "RESHAPE", [flat, m.constant(np.array([1, 1, width, channels], np.int32))], y, schema.ReshapeOptionsT()
        )
    for _ in range(int(draws.integers(4, 9))):
        y = _one_more(m, y, pick)
    if draws.random() < 0.5:
        y = m.mean(y, keep_dims=False)
        y = m.dense(y, pick(1, 3, 7), pick(NONE, RELU), per_tensor=draws.random() < 0.3, bias=draws.random() < 0.8)
    return m.to_bytes(x, y)


def _one_more(m, x, pick):  # noqa: C901, PLR0911 - one branch for each kind of block
    draws = m.draws
    width, channels = m.shape(x)[2:]
    activation, padding = pick(NONE, RELU, RELU6), pick(SAME, SAME, VALID)
    kernel, stride = min(pick(1, 2, 3, 4, 5, 7, 9), width), pick(1, 1, 2, 3)
    match pick("conv", "conv", "pointwise", "grouped", "depthwise", "swish", "gate", "residual", "pool", "pad", "wide"):
        case "conv":
            return m.conv(x, pick(1, 3, 4, 6, 9, 16), kernel, stride, 1, padding, activation, pick(0.5, 1, 4))
        case "pointwise":
            return m.conv(x, pick(2, 5, 8, 12), activation=activation, per_tensor=draws.random() < 0.2)
        case "grouped":
            groups = pick(*(g for g in (1, 2, 3, 4, 8) if channels % g == 0))
            return m.conv(x, groups * pick(1, 2, 3), kernel, stride, groups, padding, activation)
        case "depthwise":
            return m.depthwise(x, kernel, stride, padding, activation)
        case "swish":
            inner = m.scaled(x, uniform=draws.random() < 0.5) if draws.random() < 0.4 else x
            return m.mul(x, m.logistic(inner))
        case "gate":
            squeezed = m.conv(m.mean(x), pick(1, 2, 4), activation=RELU)
            return m.mul(x, m.logistic(m.conv(squeezed, channels)))
        case "residual":
            return m.add(x, m.conv(x, channels, kernel, activation=NONE), activation)
        case "pool":
            return m.max_pool(x, min(pick(2, 3), width), pick(1, 2), padding, activation)
        case "pad":
            return m.pad(x, (pick(0, 1, 2), pick(0, 1)), (pick(0, 1, 4), pick(0, 3)))
        case _:
            padded = m.pad(x, (pick(0, 1, 3), pick(1, 2)))
            if draws.random() < 0.5:
                return m.max_pool(padded, 2, 2)
            return m.conv(padded, pick(2, 5), min(3, width), pick(1, 2), 1, padding, activation)

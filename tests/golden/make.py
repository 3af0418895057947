"""Writes the golden files of `edge` again, on purpose only: ``python -m tests.golden.make``.

`preprocess.npz` comes from a plain scipy statement of ECGFounder's preprocessing, `preprocess_waves.npz` from one of
that of the waves network, `quantize.json` from the reference
kernels of the runtime we ship: neither from the code they test.
"""

import json
from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import interpreter
from ai_edge_litert import schema_py_generated as schema
from scipy import signal

HERE = Path(__file__).parent
CONTRACTS = ((500.0, 5000), (250.0, 1250))
"""Rates and lengths of the golden windows: ECGFounder's own, and another."""
WAVES_SEEDS = (0, 1, 2)
QUANTISATIONS = ((0.05, -3), (1 / 128, 0), (0.1, 127), (0.0371, -128))


def ecgfounder_preprocessing(x_mv: np.ndarray, rate_hz: float) -> np.ndarray:
    """What `util.py` of ECGFounder and the z-score of its data sets do to one window."""
    b, a = signal.iirnotch(50.0, 30.0, fs=rate_hz)
    x = signal.filtfilt(b, a, x_mv)
    b, a = signal.butter(4, [0.67, 40.0], btype="bandpass", fs=rate_hz)
    x = signal.filtfilt(b, a, x)
    kernel = int(0.4 * rate_hz) + 1
    x = x - signal.medfilt(x, kernel if kernel % 2 else kernel + 1)
    return (x - np.mean(x)) / (np.std(x) + 1e-8)


def waves_preprocessing(x_mv: np.ndarray) -> np.ndarray:
    """What the waves network reads of ten seconds at 256 Hz."""
    b, a = signal.butter(3, [0.5, 40.0], btype="bandpass", fs=256.0)
    x = signal.filtfilt(b, a, x_mv)
    swings = [x[first : first + 512].max() - x[first : first + 512].min() for first in range(0, 2560, 512)]
    return np.arcsinh(x / max(np.median(swings), 1e-4) / 0.125)


def raw_window_mv(rate_hz: float, n_samples: int, seed: int) -> np.ndarray:
    """Something like an ECG, with all that the filters are there for."""
    draws = np.random.default_rng(seed)
    t = np.arange(n_samples) / rate_hz
    beats = sum(np.exp(-0.5 * ((t - at) / 0.012) ** 2) for at in np.arange(0.4, t[-1], 0.83))
    waves = sum(0.25 * np.exp(-0.5 * ((t - at - 0.28) / 0.05) ** 2) for at in np.arange(0.4, t[-1], 0.83))
    wander, mains = 0.4 * np.sin(2 * np.pi * 0.2 * t + seed), 0.1 * np.sin(2 * np.pi * 50.0 * t)
    return beats + waves + wander + mains + draws.normal(0, 0.02, n_samples) + 1.5


def one_operator_model(kind: str, scale: float, zero_point: int, n: int) -> bytes:
    """A model that is one QUANTIZE or DEQUANTIZE over n values."""
    quantizes = kind == "QUANTIZE"
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers, graph.name = 3, [schema.BufferT()], b"main"

    def tensor(name, *, is_int8):
        made = schema.TensorT()
        made.name, made.shape, made.buffer, made.hasRank = name, [1, n], 0, True
        made.type = schema.TensorType.INT8 if is_int8 else schema.TensorType.FLOAT32
        if is_int8:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [scale], [zero_point]
        return made

    graph.tensors = [tensor(b"x", is_int8=not quantizes), tensor(b"y", is_int8=quantizes)]
    operator, code = schema.OperatorT(), schema.OperatorCodeT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0], [1]
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, kind)
    code.version = 1
    graph.operators, graph.inputs, graph.outputs = [operator], [0], [1]
    model.operatorCodes, model.subgraphs = [code], [graph]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def reference_kernel(kind: str, scale: float, zero_point: int, x: np.ndarray) -> np.ndarray:
    """What LiteRT's reference kernel makes of x."""
    resolver = interpreter.OpResolverType.BUILTIN_REF
    model = one_operator_model(kind, scale, zero_point, x.size)
    run = interpreter.Interpreter(model_content=model, experimental_op_resolver_type=resolver)
    run.allocate_tensors()
    run.set_tensor(run.get_input_details()[0]["index"], x[None])
    run.invoke()
    return run.get_tensor(run.get_output_details()[0]["index"])[0]


def _preprocess() -> None:
    arrays = {}
    for seed, (rate_hz, n_samples) in enumerate(CONTRACTS):
        x_uv = np.rint(1e3 * raw_window_mv(rate_hz, n_samples, seed)).astype(np.int16)
        arrays[f"in_uv_{rate_hz:g}"] = x_uv
        arrays[f"out_{rate_hz:g}"] = ecgfounder_preprocessing(x_uv / 1e3, rate_hz)
    np.savez_compressed(HERE / "preprocess.npz", **arrays)


def _preprocess_waves() -> None:
    arrays = {}
    for seed in WAVES_SEEDS:
        x_uv = np.rint(1e3 * raw_window_mv(256.0, 2560, seed)).astype(np.int16)
        arrays[f"in_uv_{seed}"] = x_uv
        arrays[f"out_{seed}"] = waves_preprocessing(x_uv / 1e3)
    np.savez_compressed(HERE / "preprocess_waves.npz", **arrays)


def _quantize() -> None:
    vectors = []
    for scale, zero_point in QUANTISATIONS:
        # Halves of steps, values beside them, values beyond both ends.
        halves = (np.arange(-140, 141, 7) + 0.5) * scale
        x = np.concatenate(
            [halves, np.nextafter(halves, 0), [0.0, -0.0, 1e4 * scale, -1e4 * scale, 300 * scale, -300 * scale]]
        )
        x = x.astype(np.float32)
        quantized = reference_kernel("QUANTIZE", scale, zero_point, x)
        vectors.append(
            {
                "scale": scale,
                "zero_point": zero_point,
                "real_bits": x.view(np.uint32).tolist(),
                "quantized": quantized.tolist(),
                "dequantized_bits": reference_kernel("DEQUANTIZE", scale, zero_point, quantized)
                .view(np.uint32)
                .tolist(),
            }
        )
    (HERE / "quantize.json").write_text(json.dumps(vectors) + "\n")


if __name__ == "__main__":
    _preprocess()
    _preprocess_waves()
    _quantize()

"""Float graph to int8, through ai-edge-quantizer with ranges of our own calibration."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from enum import StrEnum
from typing import Any, assert_never

import numpy as np
from ai_edge_quantizer import calibrator, qtyping, quantizer, recipe_manager
from ai_edge_quantizer.utils import qsv_utils
from numpy.typing import NDArray

from edge.interpreter import hushed

_EVERYTHING = qtyping.TFLOperationName.ALL_SUPPORTED
_CONVOLUTION = qtyping.TFLOperationName.CONV_2D


class Mode(StrEnum):
    """How much of the graph becomes int8."""

    FULL = "full"
    """Every tensor, input and output included: for microcontrollers, NPUs and every runtime."""
    DYNAMIC = "dynamic"
    """The convolutions' weights, and their inputs while they run: all but the first one. Needs no calibration; not for
    tflite-runtime, which computes grouped ones wrongly."""
    FLOAT = "float"
    """Nothing: the reference that the others are compared with."""

    @property
    def as_manifest(self) -> str:
        """The manifest's word for it."""
        match self:
            case Mode.FULL:
                return "static_int8"
            case Mode.DYNAMIC:
                return "dynamic"
            case Mode.FLOAT:
                return "float"
            case _:
                assert_never(self)


def quantise(float_model: bytes, mode: Mode, calibration: NDArray[np.float32]) -> bytes:
    """Quantise a float graph.

    Parameters
    ----------
    float_model
        A TFLite flatbuffer with one input ``x``.
    mode
        How much of it becomes int8.
    calibration
        Preprocessed windows, shape (n, window_samples): each activation's range is its smallest and largest value over
        all of them. (The quantizer's own calibration keeps a moving average of both, which clips.)

    Returns
    -------
    bytes
        The quantised flatbuffer.
    """
    match mode:
        case Mode.FLOAT:
            return float_model
        case Mode.DYNAMIC:
            recipe = recipe_manager.RecipeManager()
            recipe.add_dynamic_config(regex=".*", operation_name=_CONVOLUTION, num_bits=8)
            # One input channel: there is nothing to gain, and every later layer reads it.
            recipe.add_quantization_config(regex="^first;?$", operation_name=_CONVOLUTION, algorithm_key="no_quantize")
            with _quiet():
                return _quantised(float_model, recipe, None)
        case Mode.FULL:
            recipe = recipe_manager.RecipeManager()
            recipe.add_static_config(regex=".*", operation_name=_EVERYTHING, activation_num_bits=8, weight_num_bits=8)
            with _quiet():
                return _quantised(float_model, recipe, _ranges(float_model, recipe, calibration))
        case _:
            assert_never(mode)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantizer's own progress, sizes and advice on debugging off the user's screen."""
    with hushed(), warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.filterwarnings("ignore", message=".*experimental_preserve_all_tensors.*", category=UserWarning)
        yield


def _ranges(float_model: bytes, recipe: Any, calibration: NDArray[np.float32]) -> Any:
    measured = calibrator.Calibrator(float_model, num_threads=2, qsv_update_func=qsv_utils.min_max_update)
    measured.calibrate({"serving_default": [{"x": window[None]} for window in calibration]}, recipe)
    return measured.get_model_qsvs()


def _quantised(float_model: bytes, recipe: Any, ranges: Any) -> bytes:
    work = quantizer.Quantizer(float_model)
    work.load_quantization_recipe(recipe.get_quantization_recipe())
    return bytes(work.quantize(ranges).quantized_model)

"""Float graph to int8, through ai-edge-quantizer with ranges and a placement of our own."""

import io
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from enum import StrEnum
from typing import Any, Final, assert_never

import numpy as np
from ai_edge_quantizer import qtyping, quantizer, recipe_manager
from numpy.typing import NDArray

from converter.activations import Ranges, survey
from converter.operators import OperatorGraph, read_operators
from converter.sensitivity.attribution import ENOUGH_WINDOWS, measure_sensitivity
from converter.sensitivity.effect import Arithmetic
from converter.sensitivity.placement import cheapest_within, frontier
from edge.interpreter import hushed

_EVERYTHING: Final = qtyping.TFLOperationName.ALL_SUPPORTED
_CONVOLUTION: Final = qtyping.TFLOperationName.CONV_2D
_BOUNDARY: Final = (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT)
_FLOAT: Final = "no_quantize"


class Mode(StrEnum):
    """How much of the graph becomes int8."""

    FULL = "full"
    """Every tensor, input and output included: for microcontrollers, NPUs and every runtime."""
    MIXED = "mixed"
    """int8 weights and kernels throughout; float where rounding would reach the outputs, as measured."""
    DYNAMIC = "dynamic"
    """The convolutions' weights, and their inputs while they run: all but the first one. Needs no calibration."""
    FLOAT = "float"
    """Nothing: the reference that the others are compared with."""

    @property
    def as_manifest(self) -> str:
        """The manifest's word for it."""
        match self:
            case Mode.FULL:
                return "static_int8"
            case Mode.MIXED:
                return "mixed"
            case Mode.DYNAMIC:
                return "dynamic"
            case Mode.FLOAT:
                return "float"
            case _:
                assert_never(self)


def quantise(float_model: bytes, mode: Mode, inputs: NDArray[np.float32]) -> bytes:
    """Quantise a float graph in one of the modes.

    Parameters
    ----------
    float_model
        A TFLite flatbuffer as `converter.graph.Graph` writes it.
    mode
        How much of it becomes int8.
    inputs
        Preprocessed calibration windows, shape (n, window_samples).

    Returns
    -------
    bytes
        The quantised flatbuffer.
    """
    if mode is Mode.FLOAT:
        return float_model
    graph = read_operators(float_model)
    if mode is Mode.DYNAMIC:
        return quantise_dynamic(float_model, graph)
    ranges = survey(float_model, graph, inputs)
    if mode is Mode.FULL:
        return quantise_full(float_model, graph, ranges)
    sensitivity = measure_sensitivity(float_model, graph, ranges, inputs[:ENOUGH_WINDOWS])
    placement = cheapest_within(frontier(graph, sensitivity)).placement
    return quantise_placed(float_model, graph, ranges, placement)


def quantise_full(float_model: bytes, graph: OperatorGraph, ranges: Ranges) -> bytes:
    """Make every tensor int8.

    Parameters
    ----------
    float_model, graph
        A TFLite flatbuffer, and what it consists of.
    ranges
        Of its tensors.
    """
    recipe = _static_recipe()
    return _quantised(float_model, recipe, ranges.as_quantizer_values(graph))


def quantise_placed(float_model: bytes, graph: OperatorGraph, ranges: Ranges, placement: Sequence[Arithmetic]) -> bytes:
    """Give each operator its arithmetic; input and output stay float.

    Parameters
    ----------
    float_model, graph, ranges
        As `quantise_full` takes them.
    placement
        The arithmetic of each operator.
    """
    recipe = _static_recipe()
    for boundary in _BOUNDARY:
        recipe.add_quantization_config(regex=".*", operation_name=boundary, algorithm_key=_FLOAT)
    named = [(graph.names[operator.output], how) for operator, how in zip(graph.operators, placement, strict=True)]
    float_out = [name for name, how in named if how is not Arithmetic.INT8]
    if float_out:
        recipe.add_quantization_config(regex=_any_of(float_out), operation_name=_EVERYTHING, algorithm_key=_FLOAT)
    _add_dynamic(recipe, [name for name, how in named if how is Arithmetic.DYNAMIC])
    return _quantised(float_model, recipe, ranges.as_quantizer_values(graph))


def quantise_dynamic(float_model: bytes, graph: OperatorGraph) -> bytes:
    """Make the weights of the convolutions int8, but those of convolutions that read a single channel.

    Parameters
    ----------
    float_model, graph
        As `quantise_full` takes them.
    """
    recipe = recipe_manager.RecipeManager()
    # Of one input channel there is nothing to gain, and every later layer reads what it gives.
    wide = [op for op in graph.operators if op.kind == "CONV_2D" and graph.shapes[op.inputs[0]][-1] > 1]
    _add_dynamic(recipe, [graph.names[operator.output] for operator in wide])
    return _quantised(float_model, recipe, None)


def _static_recipe() -> Any:
    recipe = recipe_manager.RecipeManager()
    recipe.add_static_config(regex=".*", operation_name=_EVERYTHING, activation_num_bits=8, weight_num_bits=8)
    return recipe


def _add_dynamic(recipe: Any, names: Iterable[str]) -> None:
    names = list(names)
    if names:
        recipe.add_dynamic_config(regex=_any_of(names), operation_name=_CONVOLUTION, num_bits=8)


def _any_of(names: Iterable[str]) -> str:
    """Match operators by their outputs: the quantizer joins an operator's output names, each ended by a semicolon."""
    return f"^(?:{'|'.join(re.escape(name) for name in names)});?$"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantizer's own progress, sizes and advice on debugging off the user's screen."""
    with hushed(), warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.filterwarnings("ignore", message=".*experimental_preserve_all_tensors.*", category=UserWarning)
        yield


def _quantised(float_model: bytes, recipe: Any, ranges: Any) -> bytes:
    with _quiet():
        work = quantizer.Quantizer(float_model)
        work.load_quantization_recipe(recipe.get_quantization_recipe())
        return bytes(work.quantize(ranges).quantized_model)

"""The schedule as C: constants, one static memory, and a function that calls the kernels one after the other."""

from dataclasses import dataclass
from typing import Final, assert_never

import numpy as np

from converter.patch.execute import folded_bias
from converter.patch.literals import Constants, in_a_comment, range_literal, rescale_literal
from converter.patch.memory import WINDOW, Plan
from converter.patch.network import (
    Activation,
    Add,
    Conv,
    Dense,
    Depthwise,
    MaxPool,
    Mean,
    Mul,
    Pad,
    Scale,
    Tensor,
    Weights,
)
from converter.patch.numerics import (
    Rescale,
    convolution_rescales,
    dense_rescales,
    mean_rescale,
    output_range,
    product_rescale,
    sum_rescales,
)
from converter.patch.schedule import Lookup, Step
from edge.quant import Quantisation

_HEAD: Final = """\
/* {title}
 *
 * Generated: the network of the pack as calls of kernels on static memory. anyecg_model.h says how it is used.
 */
#include "anyecg_model.h"

#include <string.h>

#include "anyecg_internal.h"
#include "anyecg_kernels.h"
#include "anyecg_pad.h"
{preprocess_include}
/* One memory for all: a window of device counts, the activations, the scratch of the kernels. */
static union {{
  uint64_t aligned;
  int32_t counts[{counts}];
  int8_t bytes[{arena}];
}} anyecg_memory;

"""
_INFER: Final = """

int8_t *anyecg_input(void) {{
  return &anyecg_memory.bytes[{input}];
}}

const int8_t *anyecg_infer(void) {{
  int8_t *const at = anyecg_memory.bytes;
{calls}
  return &at[{output}];
}}
"""
_RUN_WINDOW: Final = """
int32_t *anyecg_model_window(void) {{
  return &anyecg_memory.counts[{window}];
}}

const int8_t *anyecg_model_run(void) {{
  anyecg_preprocess(anyecg_model_window(), anyecg_input());
  return anyecg_infer();
}}
"""
_RUN_INPUT: Final = """
int8_t *anyecg_model_input(void) {
  return anyecg_input();
}

const int8_t *anyecg_model_run(void) {
  return anyecg_infer();
}
"""


@dataclass(frozen=True, slots=True, eq=False)
class ModelSource:
    """``anyecg_model.c``, written when its text is asked for.

    Parameters
    ----------
    head, calls
        What stands before the constants and after them.
    constants
        Weights, biases, tables and descriptions of layers.
    """

    head: str
    constants: Constants
    calls: str

    @property
    def text(self) -> str:
        """The file."""
        return self.head + self.constants.definitions + self.calls


def model_source(plan: Plan, title: str) -> str:
    """Return the text of `model_c`."""
    return model_c(plan, title).text


def model_c(plan: Plan, title: str) -> ModelSource:
    """Write ``anyecg_model.c``.

    Parameters
    ----------
    plan
        Steps, and where everything lies.
    title
        First line of the file's comment.
    """
    writer = _Writer(plan)
    calls = "\n".join(writer.calls(number, step) for number, step in enumerate(plan.schedule.steps))
    schedule, window = plan.schedule, plan.offsets.get(WINDOW)
    head = _HEAD.format(
        title=in_a_comment(title),
        preprocess_include="" if window is None else '#include "anyecg_preprocess.h"\n',
        counts=plan.arena_bytes // 4,
        arena=plan.arena_bytes,
    )
    infer = _INFER.format(input=plan.offsets[schedule.input], calls=calls, output=plan.offsets[schedule.output])
    run = _RUN_INPUT if window is None else _RUN_WINDOW.format(window=window // 4)
    return ModelSource(head, writer.constants, infer + run)


class _Writer:
    """Writes the calls of one step after the other, and collects the constants they name."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._tensors = plan, plan.schedule.tensors
        self.constants = Constants()

    def calls(self, number: int, step: Step) -> str:
        lines = [*self._fills(step), f"{self._call(number, step)};"]
        return "\n".join(f"  {line}" for line in lines)

    def _fills(self, step: Step) -> list[str]:
        lines = []
        for read in step.reads:
            begin = self._plan.offsets[read.buffer]
            end = begin + self._plan.schedule.buffers[read.buffer]
            for at, size in ((begin - read.before_bytes, read.before_bytes), (end, read.after_bytes)):
                if size:
                    lines.append(f"(void)memset(&at[{at}], {read.fill}, {size});")
        return lines

    def _call(self, number: int, step: Step) -> str:
        sources = [f"&at[{self._plan.offsets[read.buffer] - read.before_bytes}]" for read in step.reads]
        y = f"&at[{self._plan.offsets[step.writes]}]"
        match step.work:
            case Conv() | Dense():
                layer = self._conv(number, step.work) if isinstance(step.work, Conv) else self._dense(number, step.work)
                return f"anyecg_conv({layer}, {sources[0]}, {y}, {self._scratch(number)})"
            case Depthwise():
                return f"anyecg_depthwise({self._depthwise(number, step.work)}, {sources[0]}, {y})"
            case Mul() | Scale() | Add():
                return self._elementwise(number, step.work, sources, y)
            case Mean() | MaxPool():
                return self._over_rows(step.work, sources[0], y)
            case Lookup():
                table = self.constants.array(f"table_{number}", step.work.table)
                return f"anyecg_table({sources[0]}, {y}, {table}, {self._tensors[step.work.y].size_bytes})"
            case Pad():
                return f"anyecg_pad({self._pad(number, step.work)}, {sources[0]}, {y})"
            case _:
                assert_never(step.work)

    def _over_rows(self, work: Mean | MaxPool, x: str, y: str) -> str:
        source, to = self._tensors[work.x], self._tensors[work.y]
        if isinstance(work, MaxPool):
            ends = f"(anyecg_range_t){_ends(to, work.activation)}"
            return f"anyecg_max({x}, {y}, {to.width}, {to.channels}, {work.rows.kernel}, {work.rows.stride}, {ends})"
        by = rescale_literal(mean_rescale(source.quantisation, to.quantisation, source.width))
        return (
            f"anyecg_mean({x}, {y}, {source.width}, {source.channels}, {source.quantisation.zero_point}, "
            f"(anyecg_rescale_t){by}, (anyecg_range_t){_ends(to, Activation.NONE)})"
        )

    def _elementwise(self, number: int, work: Mul | Scale | Add, sources: list[str], y: str) -> str:
        to = self._tensors[work.y]
        if isinstance(work, Add):
            return f"anyecg_add({self._add(number, work)}, {sources[0]}, {sources[1]}, {y}, {to.size_bytes})"
        if isinstance(work, Scale):
            name = self._mul(number, self._tensors[work.x].quantisation, work.quantisation, to, work.activation)
            row = self.constants.array(f"factors_{number}", work.factors)
        else:
            a, b, row = self._tensors[work.a], self._tensors[work.b], sources[1]
            name = self._mul(number, a.quantisation, b.quantisation, to, work.activation)
            if a.size_bytes == b.size_bytes:
                return f"anyecg_mul({name}, {sources[0]}, {row}, {y}, {to.size_bytes})"
        return f"anyecg_mul_rows({name}, {sources[0]}, {row}, {y}, {to.width}, {to.channels})"

    def _scratch(self, number: int) -> str:
        return f"(int16_t *)(void *)&at[{self._plan.scratch[number]}]"

    def _conv(self, number: int, work: Conv) -> str:
        x, y, values = self._tensors[work.x], self._tensors[work.y], work.weights.values
        bias = folded_bias(work.weights, values.sum((1, 2), dtype=np.int64), x.quantisation)
        rescales = convolution_rescales(x.quantisation, work.weights, y.quantisation)
        groups = x.channels // values.shape[2]
        shape = (y.width, x.channels, y.channels, groups, work.rows.kernel, work.rows.stride)
        return self._layer(number, work.weights, bias, rescales, shape, _ends(y, work.activation))

    def _depthwise(self, number: int, work: Depthwise) -> str:
        x, y, values = self._tensors[work.x], self._tensors[work.y], work.weights.values
        bias = folded_bias(work.weights, values.sum(0, dtype=np.int64), x.quantisation)
        rescales = convolution_rescales(x.quantisation, work.weights, y.quantisation)
        shape = (y.width, x.channels, y.channels, x.channels, work.rows.kernel, work.rows.stride)
        return self._layer(number, work.weights, bias, rescales, shape, _ends(y, work.activation))

    def _dense(self, number: int, work: Dense) -> str:
        x, y, values = self._tensors[work.x], self._tensors[work.y], work.weights.values
        bias = folded_bias(work.weights, values.sum(1, dtype=np.int64), x.quantisation)
        rescales = dense_rescales(x.quantisation, work.weights, y.quantisation)
        return self._layer(
            number, work.weights, bias, rescales, (y.width, x.channels, y.channels, 1, 1, 1), _ends(y, work.activation)
        )

    def _layer(
        self,
        number: int,
        weights: Weights,
        bias: np.ndarray[tuple[int], np.dtype[np.int32]],
        rescales: tuple[Rescale, ...],
        shape: tuple[int, ...],
        ends: str,
    ) -> str:
        array = self.constants.array
        arrays = (
            array(f"weights_{number}", weights.values),
            array(f"bias_{number}", bias),
            array(f"multiplier_{number}", np.array([by.multiplier for by in rescales], np.int32)),
            array(f"shift_{number}", np.array([by.shift for by in rescales], np.int8)),
        )
        return "&" + self.constants.struct("anyecg_conv_t", f"layer_{number}", (*arrays, *map(str, shape), ends))

    def _mul(self, number: int, a: Quantisation, b: Quantisation, y: Tensor, activation: Activation) -> str:
        by = rescale_literal(product_rescale(a, b, y.quantisation))
        fields = (str(a.zero_point), str(b.zero_point), by, _ends(y, activation))
        return "&" + self.constants.struct("anyecg_mul_t", f"mul_{number}", fields)

    def _add(self, number: int, work: Add) -> str:
        a, b, y = (self._tensors[tensor].quantisation for tensor in (work.a, work.b, work.y))
        by = sum_rescales(a, b, y)
        fields = (
            str(a.zero_point),
            str(b.zero_point),
            rescale_literal(by.a),
            rescale_literal(by.b),
            rescale_literal(by.total),
            _ends(self._tensors[work.y], work.activation),
        )
        return "&" + self.constants.struct("anyecg_add_t", f"add_{number}", fields)

    def _pad(self, number: int, work: Pad) -> str:
        x, y = self._tensors[work.x], self._tensors[work.y]
        fields = (x.width, x.channels, *work.rows, *work.channels, y.quantisation.zero_point)
        return "&" + self.constants.struct("anyecg_pad_t", f"pad_{number}", map(str, fields))


def _ends(y: Tensor, activation: Activation) -> str:
    return range_literal(output_range(y.quantisation, activation))

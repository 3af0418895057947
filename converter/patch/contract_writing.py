"""anyecg_contract.c: a contract's constants, and the calls that use them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from converter.patch.contract_filters import Cascade
from converter.patch.contract_numbers import Curve, Number
from converter.patch.contract_resampling import Lowpass
from edge.preprocess import Preprocessing, SwingScale, ZScore
from edge.quant import Quantisation

_PER_LINE = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """A contract in fixed point.

    Parameters
    ----------
    contract, quantisation
        What it is made from.
    window_samples
        Of a window at the device's rate.
    millivolts_per_count
        Size of a count, mV.
    forgets_offset
        Whether the first sample may be subtracted from all of them.
    lowpass
        Between the device's rate and the contract's, None where they are one.
    linear
        Filters, and halves of running medians in samples, in order.
    scaling, curve
        What follows them; without a curve the output is linear.
    """

    contract: Preprocessing
    quantisation: Quantisation
    window_samples: int
    millivolts_per_count: float
    forgets_offset: bool
    lowpass: Lowpass | None
    linear: tuple[Cascade | int, ...]
    scaling: ZScore | SwingScale | None
    curve: Curve | None

    @property
    def scratch_samples(self) -> int:
        """int32 on the stack, for whichever step takes the most."""
        steps = [2 * step.pad if isinstance(step, Cascade) else 3 * step + 2 for step in self.linear]
        ring = self.lowpass.ring_samples if self.lowpass else 0
        return max([*steps, ring, self.n_stretches])

    @property
    def stretch_samples(self) -> int:
        """Of a stretch whose swing is taken; 0 where none is."""
        return round(self.scaling.seconds * self.contract.rate_hz) if isinstance(self.scaling, SwingScale) else 0

    @property
    def n_stretches(self) -> int:
        """Whose median swing is taken."""
        return max(self.contract.window_samples // self.stretch_samples, 1) if self.stretch_samples else 0

    @property
    def table_bytes(self) -> int:
        """Constants of all kernels."""
        cascades = [step for step in self.linear if isinstance(step, Cascade)]
        taps = 2 * len(self.lowpass.taps) + 28 if self.lowpass else 0
        curve = 4 * len(self.curve.thresholds) if self.curve else 0
        return sum(20 * len(cascade.sections) + 20 for cascade in cascades) + taps + curve


def contract_c(plan: Plan) -> str:
    """Return the text of ``anyecg_contract.c``."""
    return "\n".join([*_head(plan), *_tables(plan), *_body(plan), ""])


def _head(plan: Plan) -> Iterator[str]:
    yield "/* The pack's preprocessing contract. Generated: change the pack, not this file."
    yield " *"
    yield f" * {plan.window_samples} device counts of {plan.millivolts_per_count:.6g} mV become"
    yield f" * {plan.contract.window_samples} samples at {plan.contract.rate_hz:g} Hz, and after"
    yield from (f" *   {step}" for step in plan.contract.steps)
    yield f" * int8 in steps of {plan.quantisation.scale:.9g} round {plan.quantisation.zero_point}."
    yield " */"
    yield '#include "anyecg_preprocess.h"'


def _tables(plan: Plan) -> Iterator[str]:
    if plan.lowpass:
        yield from _lowpass(plan.lowpass)
    for k, step in enumerate(plan.linear):
        if isinstance(step, Cascade):
            yield from _cascade(step, k)
    if plan.curve:
        yield from _array("uint32_t", "thresholds", [f"{value}U" for value in plan.curve.thresholds])


def _lowpass(lowpass: Lowpass) -> Iterator[str]:
    yield from _array("int16_t", "taps", lowpass.taps)
    fields = (len(lowpass.taps) - 1, lowpass.up, lowpass.down, lowpass.reach, lowpass.ring_samples - 1)
    values = ", ".join(f"{field}U" for field in fields)
    yield f"static const anyecg_resampler_t resampler = {{taps, {values}, {lowpass.shift}}};"


def _cascade(cascade: Cascade, k: int) -> Iterator[str]:
    yield ""
    yield f"static const anyecg_section_t sections_{k}[] = {{"
    yield from (f"    {{{s.b0}, {s.b1}, {s.b2}, {s.a1}, {s.a2}}}," for s in cascade.sections)
    yield "};"
    facts = f"{len(cascade.sections)}U, {cascade.pad}U, {int(cascade.passes_constant)}U, {cascade.bits}"
    yield f"static const anyecg_filter_t filter_{k} = {{sections_{k}, {facts}}};"


def _array(kind: str, name: str, values: Sequence[object]) -> Iterator[str]:
    yield ""
    yield f"static const {kind} {name}[{len(values)}] = {{"
    for begin in range(0, len(values), _PER_LINE):
        yield "    " + " ".join(f"{value}," for value in values[begin : begin + _PER_LINE])
    yield "};"


def _body(plan: Plan) -> Iterator[str]:
    yield ""
    yield "void anyecg_preprocess(int32_t *window, int8_t *input) {"
    if plan.scratch_samples:
        yield f"  int32_t scratch[{plan.scratch_samples}];"
    yield f"  anyecg_block_t block = {{window, {plan.window_samples}U, 0}};"
    yield f"  anyecg_normalise(&block, {'window[0]' if plan.forgets_offset else '0'}, 30);"
    if plan.lowpass:
        yield f"  anyecg_resample(&block, &resampler, {plan.contract.window_samples}U, scratch);"
    for k, step in enumerate(plan.linear):
        if isinstance(step, Cascade):
            yield f"  anyecg_filtfilt(&block, &filter_{k}, scratch);"
        else:
            yield f"  anyecg_subtract_median(&block, {step}U, scratch, scratch + {2 * step + 1});"
    yield from _scaling(plan)
    yield "}"


def _scaling(plan: Plan) -> Iterator[str]:
    """Steps of the output a count, then the output."""
    numerator = plan.curve.units if plan.curve else 1.0 / plan.quantisation.scale
    yield "  int32_t mean = 0;" if isinstance(plan.scaling, ZScore) else "  const int32_t mean = 0;"
    match plan.scaling:
        case ZScore(epsilon=epsilon):
            yield "  anyecg_number_t size = anyecg_deviation(&block, &mean);"
            if epsilon:
                yield f"  size = anyecg_sum(size, {_number(epsilon / plan.millivolts_per_count)});"
            else:
                yield "  if (size.mantissa == 0U) { /* nothing moves: every sample is the mean */"
                yield f"    size = {_number(1.0)};"
                yield "  }"
        case SwingScale() as step:
            yield f"  anyecg_number_t size = anyecg_median_swing(&block, {plan.stretch_samples}U, scratch);"
            yield f"  size = anyecg_larger(size, {_number(step.floor / plan.millivolts_per_count)});"
        case None:
            yield f"  const anyecg_number_t size = {_number(1.0 / plan.millivolts_per_count)};"
    yield f"  const anyecg_number_t steps = anyecg_quotient({_number(numerator)}, size);"
    zero = plan.quantisation.zero_point
    if plan.curve:
        table = f"thresholds, {len(plan.curve.thresholds)}U"
        yield f"  anyecg_quantise_curve(&block, mean, steps, {zero}, {table}, input);"
    else:
        yield f"  anyecg_quantise(&block, mean, steps, {zero}, input);"


def _number(value: float) -> str:
    number = Number.of(value)
    return f"(anyecg_number_t){{{number.mantissa}U, {number.exponent}}}"

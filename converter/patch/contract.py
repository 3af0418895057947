"""A pack's preprocessing as fixed-point C: from a patch's counts to the model's int8 input.

The patch does what `edge.preprocess` does, step by step, on int32 samples with one exponent a window. Filters run as
cascades of second-order sections, normalising and rounding to int8 are one multiplication, and asinh is where its int8
steps begin. A window is resampled alone, its ends held; the gateway's resampler sees the samples beyond them.

How far the input is from the gateway's: at the contract's own rate one int8 step at most, whatever a converter of 24
bits gives, and that at one value in ten thousand of a worn heart; from another rate one step at one value in a hundred
of a worn heart, for the taps have 16 bits (``tests/converter/patch``). A window that nothing moves in is the zero point
throughout.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Final, TypeAlias

from converter.patch.contract_errors import ContractError, ContractFault
from converter.patch.contract_filters import Cascade, cascade_of
from converter.patch.contract_numbers import asinh_steps
from converter.patch.contract_resampling import device_samples, lowpass_of
from converter.patch.contract_writing import Plan, contract_c
from edge.preprocess import Bandpass, Compress, MedianBaseline, Notch, Preprocessing, SwingScale, ZScore
from edge.quant import Quantisation

Linear: TypeAlias = Notch | Bandpass | MedianBaseline
"""Steps that may come before the scaling."""

_SOURCES: Final = Path(__file__).parent / "c"
_KERNELS: Final = ("anyecg_preprocess.h", "anyecg_preprocess.c", "anyecg_preprocess_quantise.c")
_RESAMPLING: Final = "anyecg_preprocess_resample.c"
_MOST_SAMPLES: Final = 32_768
_MOST_MEDIAN: Final = 511
_FRAMES_BYTES: Final = 320
"""The deepest frames of the kernels on Cortex-M4 and later, without scratch; a test measures them."""


@dataclass(frozen=True, slots=True)
class PreprocessingSource:
    """The C of one contract.

    Parameters
    ----------
    files
        Name to text: ``anyecg_preprocess.h``, the kernels that are used, and ``anyecg_contract.c`` with the constants
        and ``void anyecg_preprocess(int32_t *window, int8_t *input)``. Nothing else is needed but ``stdint.h``.
    window_samples
        Device counts that go into `window`.
    input_samples
        int8 values that come out.
    work_bytes
        What `window` must hold, aligned to 4: 4 bytes for each sample of the longer of both.
    table_bytes
        Constants, all in flash.
    stack_bytes
        A bound of what the call takes of the stack on Cortex-M4 and later, however much the compiler optimises.
    """

    files: Mapping[str, str]
    window_samples: int
    input_samples: int
    work_bytes: int
    table_bytes: int
    stack_bytes: int


def preprocessing_source(
    contract: Preprocessing, quantisation: Quantisation, *, device_rate_hz: float, picovolts_per_count: float
) -> PreprocessingSource:
    """Write `contract` as C.

    `input` may begin at the first byte of `window` or anywhere before it, or lie outside; it must not begin inside.

    Parameters
    ----------
    contract
        The steps, from the pack's manifest.
    quantisation
        Of the model's int8 input.
    device_rate_hz
        Rate at which the patch samples.
    picovolts_per_count
        Size of one of its counts, pV, positive.

    Raises
    ------
    ContractError
        If the contract cannot be run in fixed point; it names the step and what to change.
    """
    if not (isfinite(picovolts_per_count) and picovolts_per_count > 0):
        raise ContractError(
            ContractFault.BAD_SCALE,
            f"a count of {picovolts_per_count:g} pV",
            advice="give the size of one count in picovolts, above 0; turn an inverted lead round before",
        )
    plan = _plan(contract, quantisation, device_rate_hz, picovolts_per_count)
    kernels = [*_KERNELS, _RESAMPLING] if plan.lowpass else _KERNELS
    files = {name: (_SOURCES / name).read_text(encoding="utf-8") for name in kernels}
    return PreprocessingSource(
        files={**files, "anyecg_contract.c": contract_c(plan)},
        window_samples=plan.window_samples,
        input_samples=contract.window_samples,
        work_bytes=4 * max(plan.window_samples, contract.window_samples),
        table_bytes=plan.table_bytes,
        stack_bytes=_FRAMES_BYTES + 4 * plan.scratch_samples,
    )


def _plan(contract: Preprocessing, quantisation: Quantisation, device_rate_hz: float, picovolts: float) -> Plan:
    linear, scaling, compress = _in_order(contract)
    window_samples = device_samples(contract, device_rate_hz)
    longest = max(window_samples, contract.window_samples)
    if longest > _MOST_SAMPLES:
        raise ContractError(
            ContractFault.WINDOW_TOO_LONG,
            f"a window of {longest} samples",
            advice=f"keep to {_MOST_SAMPLES}: train with a shorter window, or sample more slowly",
        )
    return Plan(
        contract=contract,
        quantisation=quantisation,
        window_samples=window_samples,
        millivolts_per_count=picovolts * 1e-9,
        forgets_offset=_forgets_offset(linear, scaling),
        lowpass=lowpass_of(contract, device_rate_hz),
        linear=tuple(_fixed(step, contract) for step in linear),
        scaling=scaling,
        curve=asinh_steps(quantisation, compress.knee) if compress else None,
    )


def _in_order(contract: Preprocessing) -> tuple[tuple[Linear, ...], ZScore | SwingScale | None, Compress | None]:
    """Take the steps apart: filters and baselines, then at most one scaling, then at most one compression."""
    steps = list(contract.steps)
    scaling: ZScore | SwingScale | None = None
    compress: Compress | None = None
    if steps and isinstance(steps[-1], Compress):
        compress, steps = steps[-1], steps[:-1]
    if steps and isinstance(steps[-1], ZScore | SwingScale):
        scaling, steps = steps[-1], steps[:-1]
    linear = tuple(step for step in steps if isinstance(step, Linear))
    if len(linear) < len(steps):
        early = next(step for step in steps if not isinstance(step, Linear))
        raise ContractError(
            ContractFault.STEP_ORDER,
            f"the step {early.kind} is followed by {contract.steps[contract.steps.index(early) + 1].kind}",
            advice="filter and take baselines first, then scale once, then compress: state the contract in this order",
        )
    return linear, scaling, compress


def _forgets_offset(linear: tuple[Linear, ...], scaling: ZScore | SwingScale | None) -> bool:
    """Whether a constant changes nothing, so that the first sample can go before anything else takes bits."""
    for step in linear:
        match step:
            case Bandpass():
                return True
            case MedianBaseline():
                return False  # beyond the ends it sees zeros, not the constant
            case Notch():
                continue
    return isinstance(scaling, ZScore)


def _fixed(step: Linear, contract: Preprocessing) -> Cascade | int:
    """A filter as a cascade, a running median as the samples on either side."""
    if isinstance(step, MedianBaseline):
        return _median_half(step, contract)
    cascade = cascade_of(step, contract.rate_hz)
    if cascade.pad >= contract.window_samples:
        raise ContractError(
            ContractFault.WINDOW_TOO_SHORT,
            f"the {step.kind} filter reaches {cascade.pad} samples beyond a window of {contract.window_samples}",
            advice="state a lower order, or a window longer than that",
        )
    return cascade


def _median_half(step: MedianBaseline, contract: Preprocessing) -> int:
    size = int(step.seconds * contract.rate_hz) + 1 | 1
    if size > _MOST_MEDIAN:
        raise ContractError(
            ContractFault.MEDIAN_TOO_LONG,
            f"a running median of {size} samples takes {6 * size} bytes of stack",
            advice=f"keep to {_MOST_MEDIAN}: a shorter baseline, or a lower rate",
        )
    return size // 2

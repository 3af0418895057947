"""What a pack asks of a patch: flash, memory, stack and work of its C, and the arena of TFLite Micro.

Sizes of code were measured once for Cortex-M4 (arm-none-eabi-gcc 12.2.1, -O2, DSP kernels); a test measures them again
where the compiler is installed. Constants and static memory are exact.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeVar, assert_never

from converter.patch.contract import PreprocessingSource
from converter.patch.contract_errors import ContractError
from converter.patch.errors import ExportError
from converter.patch.interpreter_memory import interpreter_arena
from converter.patch.network import (
    Add,
    Conv,
    Dense,
    Depthwise,
    Logistic,
    MaxPool,
    Mean,
    Mul,
    Network,
    Operator,
    Pad,
    Reshape,
    Scale,
)
from converter.patch.reading import operator_names, tensor_count
from converter.patch.schedule import Lookup, Schedule, Work
from converter.patch.translate import Options, Source, Translated, translate
from edge.manifest import PatchNeeds
from edge.pack import ModelPack, WavesPack

AnyPack = TypeVar("AnyPack", ModelPack, WavesPack)

KERNEL_BYTES: Final[Mapping[str, int]] = {
    "anyecg_add": 0xF8,
    "anyecg_conv": 0x42E,
    "anyecg_depthwise": 0x316,
    "anyecg_max": 0xB4,
    "anyecg_mean": 0x19A,
    "anyecg_mul": 0x7E,
    "anyecg_mul_rows": 0xA4,
    "anyecg_pad": 0x82,
    "anyecg_table": 0x20,
}
"""Code of each kernel."""
PREPROCESSING_BYTES: Final = 3100
"""Code of all steps of the preprocessing and of their calls."""
_CALL_BYTES: Final = 24
_FILL_BYTES: Final = 12
_ENTRY_BYTES: Final = 220
"""The functions of anyecg_model.h, what kernels share, and memset, memmove and memcpy."""
_FRAMES_BYTES: Final = 400
"""Stack of the functions that call a kernel and of the deepest kernel, with what the compiler may add."""


def needs_of(model: bytes) -> PatchNeeds:
    """Work out what a model asks of a patch, the preprocessing left out.

    Parameters
    ----------
    model
        An int8 TFLite flatbuffer.

    Raises
    ------
    ExportError
        If no C can be made of it.
    """
    return needs_of_translated(model, translate(Source.of_model(model, "model"), Options()))


def needs_of_pack(pack: ModelPack | WavesPack, options: Options | None = None) -> PatchNeeds:
    """Work out what a pack asks of a patch, from device counts to outputs.

    Parameters
    ----------
    pack
        Whose model and preprocessing.
    options
        Of the device; the pack's own rate by default.

    Raises
    ------
    ExportError, ContractError
        If no C can be made of it.
    """
    return needs_of_translated(pack.model, translate(Source.of_pack(pack), options or Options()))


def needs_of_translated(model: bytes, translated: Translated) -> PatchNeeds:
    """Work out what a translated model asks of a patch."""
    return PatchNeeds(
        operators=operator_names(model),
        macs=macs_by_class(translated.network),
        interpreter_arena_bytes=interpreter_arena(translated.network, tensor_count(model)).total_bytes,
        flash_bytes=flash_bytes(translated),
        ram_bytes=translated.plan.arena_bytes,
        stack_bytes=stack_bytes(translated.preprocessing),
    )


def flash_bytes(translated: Translated) -> int:
    """Return code, constants and weights of translated C on Cortex-M4, the self-test left out."""
    schedule = translated.plan.schedule
    kernels = sum(KERNEL_BYTES[name] for name in {kernel_of(step.work, schedule) for step in schedule.steps})
    reads = [read for step in schedule.steps for read in step.reads]
    fills = sum((read.before_bytes > 0) + (read.after_bytes > 0) for read in reads)
    calls = _CALL_BYTES * len(schedule.steps) + _FILL_BYTES * fills + _ENTRY_BYTES
    made = translated.preprocessing
    preprocessing = 0 if made is None else PREPROCESSING_BYTES + made.table_bytes
    return kernels + calls + preprocessing + translated.model.constants.size_bytes


def stack_bytes(preprocessing: PreprocessingSource | None) -> int:
    """Return a bound of the stack that a window takes, interrupts not counted."""
    return max(_FRAMES_BYTES, preprocessing.stack_bytes if preprocessing else 0)


def kernel_of(work: Work, schedule: Schedule) -> str:
    """Return the name of the kernel that does a piece of work."""
    match work:
        case Conv() | Dense():
            return "anyecg_conv"
        case Depthwise():
            return "anyecg_depthwise"
        case Mean():
            return "anyecg_mean"
        case MaxPool():
            return "anyecg_max"
        case Lookup():
            return "anyecg_table"
        case Add():
            return "anyecg_add"
        case Pad():
            return "anyecg_pad"
        case Scale() | Mul():
            tensors = schedule.tensors
            same = isinstance(work, Mul) and tensors[work.a].size_bytes == tensors[work.b].size_bytes
            return "anyecg_mul" if same else "anyecg_mul_rows"
        case _:
            assert_never(work)


def macs_by_class(network: Network) -> dict[str, int]:
    """Return multiplications by class of layer, and the elements that all other operators write."""
    total: Counter[str] = Counter()
    for operator in network.operators:
        kind, each = _macs_of_one(operator)
        total[kind] += each * network.tensors[operator.y].size_bytes
    return {kind: total[kind] for kind in sorted(total) if total[kind]}


def _macs_of_one(operator: Operator) -> tuple[str, int]:
    """Class of an operator, and multiplications for each value it writes."""
    match operator:
        case Conv(weights=weights):
            _, kernel, channels = weights.values.shape
            return ("pointwise" if kernel == 1 else "conv"), kernel * channels
        case Depthwise(weights=weights):
            return "depthwise", weights.values.shape[0]
        case Dense(weights=weights):
            return "dense", weights.values.shape[1]
        case Reshape():
            return "elementwise", 0
        case Mean() | Logistic() | Mul() | Scale() | Add() | MaxPool() | Pad():
            return "elementwise", 1
        case _:
            assert_never(operator)


def with_needs(pack: AnyPack) -> AnyPack:
    """Return the pack with its manifest's `patch` filled in; unchanged where no C can be made of it.

    Parameters
    ----------
    pack
        Whose model stays as it is, to the last byte.
    """
    if pack.manifest.quantisation != "static_int8":
        return pack
    try:
        needs = needs_of_pack(pack)
    except (ExportError, ContractError):
        return pack
    return replace(pack, manifest=pack.manifest.model_copy(update={"patch": needs}))

"""The convention for TFLite Micro: the model as an aligned array, its operators registered one by one, its arena."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from converter.inline import inlined
from converter.patch.header import Identity
from converter.patch.interpreter_memory import Arena, interpreter_arena
from converter.patch.lint import Finding
from converter.patch.network import Network
from converter.patch.reading import operator_names, tensor_count

_REGISTER: Final[Mapping[str, str]] = {
    "ADD": "AddAdd",
    "CONV_2D": "AddConv2D",
    "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D",
    "FULLY_CONNECTED": "AddFullyConnected",
    "LOGISTIC": "AddLogistic",
    "MAX_POOL_2D": "AddMaxPool2D",
    "MEAN": "AddMean",
    "MUL": "AddMul",
    "PAD": "AddPad",
    "RESHAPE": "AddReshape",
}
"""Methods of ``tflite::MicroMutableOpResolver`` by operator (tensorflow/lite/micro/micro_mutable_op_resolver.h)."""
_PER_LINE: Final = 16
_HEADER: Final = """\
/* {title}
 *
 * Generated: the model for TFLite Micro, and what it needs there. Not a medical device.
 */
#ifndef ANYECG_TFLM_MODEL_H
#define ANYECG_TFLM_MODEL_H

#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

extern const unsigned char anyecg_model_tflite[];
constexpr std::size_t anyecg_model_tflite_size = {size};

/* Activations, {head} bytes, are exact; the rest is estimated for a machine of 32 bits. Read
 * MicroInterpreter::arena_used_bytes() once and lower it. CMSIS-NN adds what its kernels ask for. */
constexpr std::size_t anyecg_tensor_arena_size = {arena};

using AnyecgOpResolver = tflite::MicroMutableOpResolver<{n}>;

/* Registers what the model uses, and nothing else. */
inline TfLiteStatus AnyecgRegisterOps(AnyecgOpResolver& resolver) {{
{calls}
  return kTfLiteOk;
}}

#endif
"""
_SOURCE: Final = """\
/* {title}
 *
 * Generated: the TFLite flatbuffer, sha256 {sha256}.
 */
#include "anyecg_tflm_model.h"

alignas(16) const unsigned char anyecg_model_tflite[] = {{
{data}
}};
"""


@dataclass(frozen=True, slots=True)
class Convention:
    """What is written for TFLite Micro.

    Parameters
    ----------
    files
        By path within the folder.
    operators
        TFLite's names of those registered.
    arena
        What it must be given.
    """

    files: Mapping[str, str | bytes]
    operators: tuple[str, ...]
    arena: Arena


def convention(model: bytes, network: Network, identity: Identity, findings: tuple[Finding, ...]) -> Convention:
    """Write a model for TFLite Micro.

    Parameters
    ----------
    model, network
        The flatbuffer, and what was read from it; constants that lie behind it are moved into it.
    identity
        Who it is.
    findings
        What is known of kernels that run it.
    """
    model = inlined(model)
    operators = operator_names(model)
    arena = interpreter_arena(network, tensor_count(model))
    title = identity.comment
    header = _HEADER.format(
        title=title,
        size=len(model),
        head=arena.head_bytes,
        arena=arena.total_bytes,
        n=len(operators),
        calls="\n".join(f"  TF_LITE_ENSURE_STATUS(resolver.{_REGISTER[name]}());" for name in operators),
    )
    source = _SOURCE.format(title=title, sha256=identity.sha256, data="\n".join(_lines(model)))
    files: dict[str, str | bytes] = {
        "tflm/anyecg_tflm_model.h": header,
        "tflm/anyecg_tflm_model.cc": source,
        "tflm/model.tflite": model,
        "tflm/LINT.md": _lint(title, findings),
    }
    return Convention(files, operators, arena)


def _lines(model: bytes) -> Iterator[str]:
    for at in range(0, len(model), _PER_LINE):
        yield "  " + " ".join(f"0x{byte:02x}," for byte in model[at : at + _PER_LINE])


def _lint(title: str, findings: tuple[Finding, ...]) -> str:
    rows = "\n".join(f"- **{found.severity}**, {found.where}: {found.what} {found.advice}" for found in findings)
    body = rows or "Nothing found."
    return f"# {title}: known defects of kernels that run this model\n\n{body}\n"

"""README.md of an exported folder."""

from collections.abc import Iterable
from math import log
from typing import Final

from converter.patch.header import Counts, Ends, Identity
from converter.patch.lint import Finding
from edge.manifest import Manifest, Output, PatchNeeds, WavesManifest
from edge.quant import Quantisation

_TEXT: Final = """\
# {title}

A pack as C99 for a microcontroller: static memory, no interpreter, the numbers of TFLite Micro bit for bit.
**Not a medical device.** {demonstration}
{about}
| | |
|---|---|
| model | sha256 `{sha256}` |
| {input_name} | {input} |
| output | {outputs} int8, see `anyecg_model.h` for scale and zero point |
| RAM | {ram:,} bytes static, the window included; {stack:,} bytes of stack at most |
| flash | about {flash:,} bytes on Cortex-M4: weights, tables and code (gcc -O2), self-test left out |
| multiplications | {macs} |
{meaning}
## Use

Compile every `anyecg_*.c` but `anyecg_test.c`, `anyecg_run.c`{no_test} into the firmware.

```c
#include "anyecg_model.h"

{use}
```

The memory is shared: outputs are good until the next window is written, and samples that arrive while the model runs
must wait elsewhere. Nothing is reentrant. DSP and MVE instructions are used where the compiler builds for them;
`-DANYECG_PLAIN` and `-DANYECG_NO_MVE` choose plainer kernels, with the same numbers.

## Prove it

```sh
make test                     # on this machine
make test SANITIZE=1          # with the address and undefined behaviour sanitizers
make test BOARD=cortex-m4     # emulated; cortex-m7, cortex-m33, cortex-m55 too
make size BOARD=cortex-m4
```

{self_test}

`anyecg_run` answers requests on stdin, one after the other, and exits at its end. Numbers are little-endian.

| request | then | answer |
|---|---|---|
| `i` | {inputs} int8: the network's input | {outputs} int8 |
{window_rows}| `t` | | uint32: values that differ in the self-test |
| `s` | | four uint32: inputs, outputs, window samples, bytes of RAM |

## With TFLite Micro instead

`tflm/` has the model as an aligned array, the operators to register ({operators}) and the size of the arena
({arena:,} bytes, of which activations are exact and the rest is an estimate for 32 bits). Known of its kernels:

{lint}
"""
_USE_WINDOW: Final = """\
int32_t *window = anyecg_model_window(); /* ANYECG_WINDOW_SAMPLES device counts go here */
const int8_t *outputs = anyecg_model_run();
if (anyecg_model_self_test() != 0) { /* do not trust it */ }"""
_USE_INPUT: Final = """\
int8_t *input = anyecg_model_input(); /* ANYECG_INPUTS int8 values go here: this model came without preprocessing */
const int8_t *outputs = anyecg_model_run();
if (anyecg_model_self_test() != 0) { /* do not trust it */ }"""


def readme(
    identity: Identity,
    manifest: Manifest | WavesManifest | None,
    counts: Counts | None,
    needs: PatchNeeds,
    findings: Iterable[Finding],
    *,
    ends: Ends,
    cases: int,
) -> str:
    """Write README.md.

    Parameters
    ----------
    identity, manifest
        The pack; None of a plain model.
    counts
        What the preprocessing takes; None without.
    needs
        What the C asks of a patch.
    findings
        What is known of other kernels.
    ends
        Values of the network.
    cases
        Of the self-test.
    """
    inputs, outputs = ends.inputs, ends.outputs
    takes = f"{inputs} int8"
    if counts is not None:
        takes = f"{counts.samples} int32 counts of {counts.picovolts_per_count:,} pV at {counts.rate_hz:g} Hz"
    return _TEXT.format(
        title=identity.title,
        demonstration=_demonstration(identity),
        about=_about(manifest),
        sha256=identity.sha256,
        input_name="window" if counts else "input",
        input=takes,
        inputs=inputs,
        outputs=outputs,
        ram=needs.ram_bytes,
        stack=needs.stack_bytes,
        flash=needs.flash_bytes,
        meaning=_meaning(manifest, ends.output),
        macs=", ".join(f"{kind} {n:,}" for kind, n in needs.macs.items()),
        no_test="" if cases else " (and `anyecg_selftest.c`, which is empty here,)",
        use=_USE_WINDOW if counts else _USE_INPUT,
        self_test=_self_test(counts, cases),
        window_rows=_window_rows(counts, inputs, outputs),
        operators=", ".join(needs.operators),
        arena=needs.interpreter_arena_bytes,
        lint="\n".join(_lint(findings)) or "Nothing.",
    )


def _demonstration(identity: Identity) -> str:
    return "**DEMONSTRATION: made to be shown, never to be relied on.**\n" if identity.demonstration else "\n"


def _about(manifest: Manifest | WavesManifest | None) -> str:
    if manifest is None:
        return "It came as a plain TFLite model: it takes int8 inputs, and nothing is known of where they come from.\n"
    provenance = manifest.provenance
    return (
        f"Trained on: {provenance.training_data}\n\nIntended use: {provenance.intended_use}\n\n"
        f"Limits: {provenance.limits}\n"
    )


def _meaning(manifest: Manifest | WavesManifest | None, output: Quantisation) -> str:
    """Say what the outputs of a pack of estimates are."""
    if not isinstance(manifest, Manifest):
        return ""
    rows = "\n".join(
        f"| {k} | {row.name} | {row.loinc} | {'<' if row.direction == 'low' else '>'} {row.limit:g} {row.unit} | "
        f"{row.threshold:.2f} | {least_positive(row, output)} |"
        for k, row in enumerate(manifest.outputs)
    )
    return (
        "\nEstimates, not laboratory results: the probability is `1 / (1 + exp(-logit))`, the logit of a value "
        "`(value - ANYECG_OUTPUT_ZERO) * ANYECG_OUTPUT_SCALE`, rescaled where the manifest says so.\n\n"
        "| output | | LOINC | estimates | threshold | counts as positive from |\n|---|---|---|---|---|---|\n"
        + rows
        + "\n"
    )


def least_positive(row: Output, output: Quantisation) -> str:
    """Return the least int8 value whose probability reaches the threshold; ``never`` where none does.

    Parameters
    ----------
    row
        Of the manifest.
    output
        Of the network's output.
    """
    wanted = log(row.threshold / (1 - row.threshold))
    for value in range(-128, 128):
        if row.logit_scale * (value - output.zero_point) * output.scale + row.logit_offset >= wanted:
            return str(value)
    return "never"


def _self_test(counts: Counts | None, cases: int) -> str:
    if not cases:
        return "It was exported without a self-test: `make test` compares nothing."
    also = ""
    if counts is not None:
        also = (
            " Where the device samples at the pack's own rate, it also compares what the preprocessing makes of the "
            "pack's windows with floating point: at most one step of int8 off."
        )
    return (
        f"The self-test has {cases} inputs with the outputs TFLite Micro gives, to the last bit.{also} Its data take "
        "flash; `-DANYECG_SELF_TEST_CASES=1` keeps one."
    )


def _window_rows(counts: Counts | None, inputs: int, outputs: int) -> str:
    if counts is None:
        return ""
    return (
        f"| `w` | {counts.samples} int32: device counts | {outputs} int8 |\n"
        f"| `p` | {counts.samples} int32: device counts | {inputs} int8: the network's input |\n"
    )


def _lint(findings: Iterable[Finding]) -> Iterable[str]:
    """One line for each kind of finding, with how often it was found."""
    found = list(findings)
    for what in dict.fromkeys(finding.what for finding in found):
        same = [finding for finding in found if finding.what == what]
        often = f"{same[0].where}" if len(same) == 1 else f"{len(same)} operators, {same[0].where} first"
        yield f"- {same[0].severity}: {often}. {what} {same[0].advice}"

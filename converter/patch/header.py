"""``anyecg_model.h``: what a firmware sees of a pack."""

from dataclasses import dataclass
from typing import Final

from converter.patch.literals import in_a_comment, text_literal
from converter.patch.selftest import Cases
from edge.quant import Quantisation

_HEADER: Final = """\
/* {title}
 *
 * Generated: a pack as C with static memory. {notice}
 */
#ifndef ANYECG_MODEL_H
#define ANYECG_MODEL_H

#include <stdint.h>

#define ANYECG_PACK_NAME {name}
#define ANYECG_PACK_VERSION {version}
#define ANYECG_MODEL_SHA256 {sha256}
#define ANYECG_DEMONSTRATION {demonstration} /* 1: made to be shown, never to be relied on */

/* The network: int8 values in and out, real = (value - ZERO) * SCALE. */
#define ANYECG_INPUTS {inputs}
#define ANYECG_INPUT_SCALE {input_scale}
#define ANYECG_INPUT_ZERO ({input_zero})
#define ANYECG_OUTPUTS {outputs}
#define ANYECG_OUTPUT_SCALE {output_scale}
#define ANYECG_OUTPUT_ZERO ({output_zero})

/* Device counts: samples of one window, their rate and size. 0 where there is no preprocessing. */
#define ANYECG_WINDOW_SAMPLES {window_samples}
#define ANYECG_RATE_MILLIHERTZ {rate_millihertz}
#define ANYECG_PICOVOLTS_PER_COUNT {picovolts}

/* Static memory of the model, the window of counts included. */
#define ANYECG_RAM_BYTES {ram_bytes}

#ifndef ANYECG_SELF_TEST_CASES
#define ANYECG_SELF_TEST_CASES {cases} /* define a smaller number to keep fewer in the flash */
#endif
#define ANYECG_SELF_TEST_VALUES (ANYECG_SELF_TEST_CASES * ({compared}))

{first}

/* {run}; ANYECG_OUTPUTS values, good until the memory above is written
 * again. */
const int8_t *anyecg_model_run(void);

/* How many values differ from those the pack was made with; 0 is good. Outputs must be the same to the last bit, what
 * the preprocessing gives may be one step off. It uses the memory above. */
uint32_t anyecg_model_self_test(void);

#endif
"""
_WINDOW: Final = """\
/* Where the next window's device counts go. The memory is shared with the model's activations: fill it after the last
 * outputs were read, and keep what arrives while the model runs elsewhere. */
int32_t *anyecg_model_window(void);"""
_INPUT: Final = """\
/* Where the network's int8 input goes: this model came without preprocessing. The memory is shared with the model's
 * activations: fill it after the last outputs were read. */
int8_t *anyecg_model_input(void);"""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a pack is.

    Parameters
    ----------
    name, version
        Of the pack; of a plain model the file's name, and no version.
    sha256
        Of the TFLite model.
    demonstration
        Whether the pack calls itself one.
    """

    name: str
    version: str
    sha256: str
    demonstration: bool

    @property
    def title(self) -> str:
        """How people are told which pack it is."""
        words = (self.name, self.version, "DEMONSTRATION" if self.demonstration else "")
        return " ".join(word for word in words if word)

    @property
    def comment(self) -> str:
        """The same as a comment of C may have it."""
        return in_a_comment(self.title)


@dataclass(frozen=True, slots=True)
class Counts:
    """The windows a device gives.

    Parameters
    ----------
    samples, rate_hz, picovolts_per_count
        Of one window.
    """

    samples: int
    rate_hz: float
    picovolts_per_count: int


@dataclass(frozen=True, slots=True)
class Ends:
    """What goes into the network and what comes out: how many values, and what they mean."""

    inputs: int
    input: Quantisation
    outputs: int
    output: Quantisation


def model_header(identity: Identity, ends: Ends, counts: Counts | None, *, ram_bytes: int, cases: Cases | None) -> str:
    """Write ``anyecg_model.h``.

    Parameters
    ----------
    identity, ends
        The pack and its network.
    counts
        What the preprocessing takes; None where there is none.
    ram_bytes
        Of the arena.
    cases
        Of the self-test; None without.
    """
    with_windows = cases is not None and cases.windows is not None
    return _HEADER.format(
        title=identity.comment,
        notice="Not a medical device.",
        name=text_literal(identity.name),
        version=text_literal(identity.version),
        sha256=text_literal(identity.sha256),
        demonstration=int(identity.demonstration),
        inputs=ends.inputs,
        input_scale=_float32(ends.input.scale),
        input_zero=ends.input.zero_point,
        outputs=ends.outputs,
        output_scale=_float32(ends.output.scale),
        output_zero=ends.output.zero_point,
        window_samples=counts.samples if counts else 0,
        rate_millihertz=round(counts.rate_hz * 1000) if counts else 0,
        picovolts=counts.picovolts_per_count if counts else 0,
        ram_bytes=ram_bytes,
        cases=cases.n if cases else 0,
        compared="ANYECG_OUTPUTS + ANYECG_INPUTS" if with_windows else "ANYECG_OUTPUTS",
        first=_WINDOW if counts else _INPUT,
        run="Preprocesses and infers, which uses the window up" if counts else "Infers, which uses the input up",
    )


def _float32(value: float) -> str:
    """Write a float32 so that it is read back as the same; nine digits are enough (IEEE 754)."""
    return f"{value:.9g}f" if any(c in f"{value:.9g}" for c in ".e") else f"{value:.9g}.0f"

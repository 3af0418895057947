"""The self-test as C: inputs, and the outputs that TFLite Micro gives for them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.patch.literals import listed

_FILE: Final = """\
/* {title}
 *
 * Generated: what goes in, and what TFLite Micro gives for it. ANYECG_SELF_TEST_CASES keeps fewer cases in the flash.
 */
#include "anyecg_model.h"

#include <string.h>

#include "anyecg_internal.h"
{include}
{data}
/* How many of n values are more than `steps` from what is expected. */
static uint32_t anyecg_differing(const int8_t *values, const int8_t *expected, uint32_t n, int32_t steps) {{
  uint32_t differing = 0U;
  for (uint32_t i = 0U; i < n; i++) {{
    const int32_t off = values[i] - expected[i];
    differing += ((off > steps) || (off < -steps)) ? 1U : 0U;
  }}
  return differing;
}}

uint32_t anyecg_model_self_test(void) {{
  uint32_t differing = 0U;
  for (uint32_t c = 0U; c < ANYECG_SELF_TEST_CASES; c++) {{
    (void)memcpy(anyecg_input(), inputs[c], ANYECG_INPUTS);
    differing += anyecg_differing(anyecg_infer(), outputs[c], ANYECG_OUTPUTS, 0);
  }}
{windows}  return differing;
}}
"""
_WINDOWS: Final = """\
  for (uint32_t c = 0U; c < ANYECG_SELF_TEST_CASES; c++) {
    int32_t *const window = anyecg_model_window();
    for (uint32_t i = 0U; i < ANYECG_WINDOW_SAMPLES; i++) {
      window[i] = windows[c][i];
    }
    anyecg_preprocess(window, anyecg_input());
    differing += anyecg_differing(anyecg_input(), inputs_of_windows[c], ANYECG_INPUTS, 1);
  }
"""
_EMPTY: Final = """\
/* {title}
 *
 * Generated without a self-test: nothing is compared.
 */
#include "anyecg_model.h"

uint32_t anyecg_model_self_test(void) {{
  return 0U;
}}
"""


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """What a self-test compares.

    Parameters
    ----------
    inputs, outputs
        Of the network: shapes (n, inputs) and (n, outputs), int8.
    windows, window_inputs
        Device counts, shape (n, window_samples), int32, and what the preprocessing makes of them in floating point,
        int8; None where there is no preprocessing, or it resamples.
    """

    inputs: NDArray[np.int8]
    outputs: NDArray[np.int8]
    windows: NDArray[np.int32] | None = None
    window_inputs: NDArray[np.int8] | None = None

    @property
    def n(self) -> int:
        """How many cases of each kind there are."""
        return len(self.inputs)


def self_test_source(cases: Cases | None, title: str) -> str:
    """Write ``anyecg_selftest.c``; it compares nothing where `cases` is None."""
    if cases is None:
        return _EMPTY.format(title=title)
    data = [
        _table("int8_t", "inputs", cases.inputs, "ANYECG_INPUTS"),
        _table("int8_t", "outputs", cases.outputs, "ANYECG_OUTPUTS"),
    ]
    if cases.windows is None or cases.window_inputs is None:
        return _FILE.format(title=title, include="", data="\n".join(data), windows="")
    narrow = np.abs(cases.windows).max(initial=0) <= np.iinfo(np.int16).max
    data.append(_table("int16_t" if narrow else "int32_t", "windows", cases.windows, "ANYECG_WINDOW_SAMPLES"))
    if np.array_equal(cases.inputs, cases.window_inputs):
        data.append("#define inputs_of_windows inputs\n")
    else:
        data.append(_table("int8_t", "inputs_of_windows", cases.window_inputs, "ANYECG_INPUTS"))
    include = '#include "anyecg_preprocess.h"\n'
    return _FILE.format(title=title, include=include, data="\n".join(data), windows=_WINDOWS)


def _table(kind: str, name: str, rows: NDArray[np.int8] | NDArray[np.int32], columns: str) -> str:
    """Write one row a case, each left out where fewer cases are asked for."""
    body = "".join(
        f"#if ANYECG_SELF_TEST_CASES > {case}\n  {{\n{listed(row.tolist())}\n  }},\n#endif\n"
        for case, row in enumerate(rows)
    )
    return f"static const {kind} {name}[ANYECG_SELF_TEST_CASES][{columns}] = {{\n{body}}};\n"

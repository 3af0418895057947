"""Instructions of generated C on an emulated core, counted by the board's clock."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.patch.contract import preprocessing_source
from converter.patch.emit import model_c
from converter.patch.memory import plan_memory
from converter.patch.schedule import Schedule
from converter.patch.toolchain import SOURCES, Build, Core, link, machine_of, run
from edge.preprocess import Preprocessing
from edge.quant import Quantisation

_TIMEOUT_S: Final = 120.0
_SHARED: Final = ("anyecg_kernels*.[ch]", "anyecg_pad.[ch]", "anyecg_internal.h")
_NO_MODEL: Final = "#include <stdint.h>\n"
_MAIN: Final = """\
#include <stdio.h>
#include "{header}"
#include "ticks.h"
{memory}
int main(void) {{
  {before}
  anyecg_board_ticks_begin();
  const uint64_t began = anyecg_board_ticks();
  {call}
  printf("%lu", (unsigned long)(anyecg_board_ticks() - began));
  return 0;
}}
"""


def count_network(scheduled: Schedule, core: Core, build: Build) -> float:
    """Count the instructions of a network, preprocessing left out.

    Parameters
    ----------
    scheduled
        Its kernels.
    core, build
        On which core, and how it is compiled.
    """
    sources = {path.name: path.read_text(encoding="utf-8") for name in _SHARED for path in SOURCES.glob(name)}
    sources["anyecg_model.c"] = model_c(plan_memory(scheduled), "a layer").text
    sources["anyecg_model.h"] = _NO_MODEL
    main = _MAIN.format(header="anyecg_internal.h", memory="", before="", call="(void)anyecg_infer();")
    return _count({**sources, "main.c": main}, core, build, b"")


def count_preprocessing(
    contract: Preprocessing, microvolts: NDArray[np.int32], device_rate_hz: float, core: Core, build: Build
) -> float:
    """Count the instructions of a contract on a window.

    Parameters
    ----------
    contract
        Its steps.
    microvolts
        ``NDArray[int32]``, shape (window_samples,), uV: what the patch has measured, repeated where it takes more.
    device_rate_hz
        Rate at which the patch samples.
    core, build
        On which core, and how it is compiled.
    """
    made = preprocessing_source(contract, Quantisation(0.05, 0), device_rate_hz=device_rate_hz, picovolts_per_count=1e6)
    n = made.window_samples
    main = _MAIN.format(
        header="anyecg_preprocess.h",
        memory=f"static int32_t window[{made.work_bytes // 4}];\nstatic int8_t input[{made.input_samples}];",
        before=f"if (fread(window, 4U, {n}U, stdin) != {n}U) {{ return 1; }}",
        call="anyecg_preprocess(window, input);",
    )
    return _count({**made.files, "main.c": main}, core, build, np.resize(microvolts, n).astype("<i4").tobytes())


def _count(files: Mapping[str, str], core: Core, build: Build, stdin: bytes) -> float:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_text(content, encoding="utf-8")
        link(sorted(folder.glob("*.c")), folder / "counted.elf", core, build, includes=(folder,))
        ticks = int(run(folder / "counted.elf", core, stdin, timeout_s=_TIMEOUT_S, counted=True))
    return ticks * machine_of(core).instructions_per_tick

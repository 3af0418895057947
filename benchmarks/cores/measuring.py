"""Instructions of generated C on an emulated core, counted by the board's clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.patch.contract import preprocessing_source
from converter.patch.emit import model_c
from converter.patch.memory import plan_memory
from converter.patch.schedule import Schedule
from converter.patch.toolchain import SOURCES, Build, Core, compile_objects, link, machine_of, run
from edge.preprocess import Preprocessing
from edge.quant import Quantisation

_TIMEOUT_S: Final = 120.0
_KERNELS: Final = ("anyecg_kernels*.c", "anyecg_pad.c")
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


@dataclass(frozen=True, slots=True)
class Variant:
    """A core, and how C is compiled for it.

    Parameters
    ----------
    core, build
        The two.
    """

    core: Core
    build: Build = field(default_factory=Build)

    def compiled_kernels(self, folder: Path) -> tuple[Path, ...]:
        """Compile the kernels once for many networks; the objects lie in `folder`."""
        sources = [path for pattern in _KERNELS for path in sorted(SOURCES.glob(pattern))]
        return compile_objects(sources, folder, self.core, self.build)

    def count_network(self, scheduled: Schedule, kernels: tuple[Path, ...]) -> float:
        """Count the instructions of a network, preprocessing left out.

        Parameters
        ----------
        scheduled
            What runs.
        kernels
            As `compiled_kernels` made them.
        """
        main = _MAIN.format(header="anyecg_internal.h", memory="", before="", call="(void)anyecg_infer();")
        model = model_c(plan_memory(scheduled, tries=0), "a layer").text
        return self._count({"anyecg_model.c": model, "anyecg_model.h": _NO_MODEL, "main.c": main}, kernels, b"")

    def count_preprocessing(
        self, contract: Preprocessing, microvolts: NDArray[np.int32], device_rate_hz: float
    ) -> float:
        """Count the instructions of a contract on a window.

        Parameters
        ----------
        contract
            Its steps.
        microvolts
            ``NDArray[int32]``, shape (n,), uV: what the patch has measured, repeated where a window takes more.
        device_rate_hz
            Rate at which the patch samples.
        """
        made = preprocessing_source(
            contract, Quantisation(0.05, 0), device_rate_hz=device_rate_hz, picovolts_per_count=1e6
        )
        n = made.window_samples
        main = _MAIN.format(
            header="anyecg_preprocess.h",
            memory=f"static int32_t window[{made.work_bytes // 4}];\nstatic int8_t input[{made.input_samples}];",
            before=f"if (fread(window, 4U, {n}U, stdin) != {n}U) {{ return 1; }}",
            call="anyecg_preprocess(window, input);",
        )
        return self._count({**made.files, "main.c": main}, (), np.resize(microvolts, n).astype("<i4").tobytes())

    def _count(self, files: Mapping[str, str], objects: tuple[Path, ...], stdin: bytes) -> float:
        with TemporaryDirectory() as name:
            folder = Path(name)
            for file, content in files.items():
                (folder / file).write_text(content, encoding="utf-8")
            sources = (*sorted(folder.glob("*.c")), *objects)
            link(sources, folder / "counted.elf", self.core, self.build, includes=(folder,))
            ticks = int(run(folder / "counted.elf", self.core, stdin, timeout_s=_TIMEOUT_S, counted=True))
        return ticks * machine_of(self.core).instructions_per_tick

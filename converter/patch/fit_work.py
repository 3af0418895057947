"""What a pack needs of a core and does on it: linked and counted where that can be, worked out and estimated if not."""

import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.patch.contract_resampling import device_samples
from converter.patch.emulated import Counted, count_instructions
from converter.patch.export import export, write_folder
from converter.patch.fit import Basis, Work, work_from_table
from converter.patch.fit_counts import network_units, preprocessing_units
from converter.patch.needs import needs_of_translated
from converter.patch.toolchain import Core, missing_tools
from converter.patch.translate import Options, Source, translate
from edge.boards.profile import Board
from edge.boards.profile import Core as CoreProfile
from edge.boards.shelf import core_of
from edge.boards.span import Span
from edge.manifest import PatchNeeds
from edge.pack import ModelPack, WavesPack

FILTERS_VARY: Final = 0.1
"""Part by which the instructions of the preprocessing, of running medians above all, differ between recordings."""


class PackOnCores:
    """A pack whose C is built and counted once for each core that is asked for.

    Parameters
    ----------
    pack
        Which.
    emulate
        Whether to build and run its C on emulated cores where that is possible.
    options
        What is known of the device.

    Raises
    ------
    ExportError, ContractError
        If no C can be made of it.
    """

    def __init__(self, pack: ModelPack | WavesPack, *, emulate: bool, options: Options) -> None:
        self._source, self._options, self._pack = Source.of_pack(pack), options, pack
        translated = translate(self._source, options)
        self._needs = needs_of_translated(pack.model, translated)
        self._infer = network_units(translated.plan.schedule)
        self._preprocess = preprocessing_units(pack.manifest.preprocessing.as_preprocessing(), options.device_rate_hz)
        self._obstacle = missing_tools() if emulate else "counting was not asked for"
        self._counted: dict[Core, Counted] = {}

    def estimate(self, board: Board) -> tuple[PatchNeeds, Work]:
        """Return needs worked out for a Cortex-M4, and instructions from the table of the board's core."""
        return self._needs, work_from_table(self._preprocess, self._infer, core_of(board))

    def measure(self, board: Board) -> tuple[PatchNeeds, Work]:
        """Return needs and instructions of C built for the board's core; an estimate where that cannot be.

        Raises
        ------
        EmulationError
            If the C does not build or run, though the toolchain is there.
        """
        core = core_of(board)
        if core.counted_on is None:
            return self._explained(board, f"{core.title} is not emulated here")
        if self._obstacle is not None:
            return self._explained(board, self._obstacle)
        counted = self._on(Core(core.counted_on))
        return _linked(self._needs, counted), _counted_work(counted, core)

    def _explained(self, board: Board, why: str) -> tuple[PatchNeeds, Work]:
        needs, work = self.estimate(board)
        return needs, Work(work.preprocess, work.infer, work.basis, f"{why}, so that {work.note}")

    def _on(self, core: Core) -> Counted:
        if core not in self._counted:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                write_folder(folder, export(self._source, self._options).files)
                self._counted[core] = count_instructions(folder, core, window=self._window())
        return self._counted[core]

    def _window(self) -> NDArray[np.int32]:
        """Return a window of the pack's own self-test at the device's rate, uV."""
        contract, window_uv = self._pack.manifest.preprocessing.as_preprocessing(), self._pack.self_test.windows_uv[0]
        rate_hz = self._options.device_rate_hz or contract.rate_hz
        times_s = np.arange(device_samples(contract, rate_hz)) / rate_hz
        return np.interp(times_s, np.arange(window_uv.size) / contract.rate_hz, window_uv).astype(np.int32)


def _linked(needs: PatchNeeds, counted: Counted) -> PatchNeeds:
    return needs.model_copy(
        update={
            "flash_bytes": counted.footprint.flash_bytes,
            "ram_bytes": counted.footprint.ram_bytes,
            "stack_bytes": counted.stack_bytes,
        }
    )


def _counted_work(counted: Counted, core: CoreProfile) -> Work:
    preprocess = counted.preprocess or 0
    return Work(
        Span((1 - FILTERS_VARY) * preprocess, preprocess, (1 + FILTERS_VARY) * preprocess),
        Span.exactly(counted.infer),
        Basis.COUNTED,
        f"this pack's C was linked for and ran on an emulated {core.title}; the preprocessing differs by some "
        f"{100 * FILTERS_VARY:.0f} % from one recording to another",
    )

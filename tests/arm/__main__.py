"""Record what packs give and what a window costs on emulated boards: ``python -m tests.arm``.

Predictions of real boards (`anyecg bench boards`) are made with the same counts, which are written where they are read.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.counted import write_counts
from tests.arm.board import BOARDS
from tests.arm.emulated import ask, recording
from tests.arm.system import Machine, System
from tests.arm.system import main as make_systems

RESULT: Final = Path(__file__).with_name("recorded.json")
"""What the tests hold the boards to."""


def main() -> None:
    """Ask every board and write down what it says."""
    make_systems()
    boards = {}
    with tempfile.TemporaryDirectory() as scratch:
        minute = recording(Path(scratch) / "minute.npy")
        for board in BOARDS:
            counts = Path(scratch) / board.name
            answer = ask(board, minute, counts)
            boards[board.name] = {
                "machine": answer.machine,
                "core": board.core,
                "versions": answer.versions,
                "self_test_sha256": answer.digests(),
                "network_instructions": answer.network_instructions,
                "window_instructions": answer.window_instructions,
                "block_instructions": answer.block_instructions,
            }
            sys.stderr.write(f"{board.name}: {answer.window_instructions:,} instructions a window\n")
    emulator = System.of(Machine.AARCH64).emulator_version()
    recorded = {"emulator": emulator, "boards": boards}
    RESULT.write_text(json.dumps(recorded, indent=1) + "\n")
    write_counts(recorded)


if __name__ == "__main__":
    main()

"""Emulated boards; where none can run, the tests of them are skipped with the reason."""

import fcntl
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.arm.board import BOARDS, Board
from tests.arm.emulated import Answer, ask, ask_here, recording
from tests.arm.system import Machine, unavailable_reason

T = TypeVar("T")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of this run's processes together."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "arm"
    folder.mkdir(exist_ok=True)
    return folder


def once(folder: Path, name: str, make: Callable[[], T]) -> T:
    """Make something in one of the processes that run the tests; the others wait for it and take it."""
    kept = folder / f"{name}.pickle"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.is_file():
            kept.write_bytes(pickle.dumps(make()))
    made: T = pickle.loads(kept.read_bytes())
    return made


@pytest.fixture(scope="session")
def minute(shared: Path) -> Path:
    """A minute of the synthetic heart."""
    return once(shared, "minute", lambda: recording(shared / "minute.npy"))


@pytest.fixture(scope="session")
def here(shared: Path, minute: Path) -> Answer:
    """What this machine gives."""
    return once(shared, "here", lambda: ask_here(minute))


@pytest.fixture(scope="session", params=BOARDS, ids=lambda board: board.name)
def board(request: pytest.FixtureRequest) -> Board:
    """One board after the other."""
    board: Board = request.param
    if reason := unavailable_reason(Machine(board.machine)):
        pytest.skip(reason)
    return board


@pytest.fixture(scope="session")
def there(shared: Path, board: Board, minute: Path) -> Answer:
    """What the board gives."""
    return once(shared, board.name, lambda: ask(board, minute, shared / f"{board.name}.counts"))

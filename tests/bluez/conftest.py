"""Guests for the tests; where none can run, all of them are skipped with the reason."""

from collections.abc import Callable

import pytest

from tests.bluez.guest import Guest, unavailable_reason


@pytest.fixture(scope="session")
def new_guest(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Guest]:
    """Make a Linux guest with BlueZ."""
    if reason := unavailable_reason():
        pytest.skip(reason)
    return lambda: Guest(tmp_path_factory.mktemp("guest"))


@pytest.fixture
def guest(new_guest: Callable[[], Guest]) -> Guest:
    """A guest for this test alone."""
    return new_guest()

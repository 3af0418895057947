"""Cores that are emulated; without the toolchain every test of them is skipped with what is missing."""

import pytest

from converter.patch.toolchain import Core, missing_tools

CORES = (Core.CORTEX_M4, Core.CORTEX_M33, Core.CORTEX_M55)


@pytest.fixture(scope="session")
def toolchain():
    """There is a compiler, a C library and an emulator."""
    if absent := missing_tools():
        pytest.skip(f"no emulated core here: {absent}")


@pytest.fixture(scope="session", params=CORES)
def core(request):
    """One core after the other."""
    request.getfixturevalue("toolchain")
    return request.param

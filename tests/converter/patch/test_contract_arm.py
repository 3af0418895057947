"""The preprocessing on Cortex-M: no warning, small, no more stack than it says, the host's int8 to the last one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from converter.patch.contract import preprocessing_source
from converter.patch.toolchain import Build, Core, link, missing_tools, run
from tests.converter.patch.contracts import CONTRACTS, COUNT_PV, STRICT, compiled, hearts, needs_gcc, sizes, write

pytestmark = pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed")
LARGEST_CODE_BYTES = 3200


@pytest.fixture(scope="module", params=CONTRACTS)
def built(request, tmp_path_factory):
    """A contract at twice its rate, so that every kernel is in; the folder with objects and stack usage."""
    contract, quantisation = CONTRACTS[request.param]
    source = preprocessing_source(
        contract, quantisation, device_rate_hz=2 * contract.rate_hz, picovolts_per_count=COUNT_PV
    )
    folder = tmp_path_factory.mktemp(request.param)
    write(source, folder)
    core = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=soft", "-O2", "-ffunction-sections", "-fdata-sections"]
    for path in sorted(folder.glob("*.c")):
        command = ["arm-none-eabi-gcc", *core, *STRICT, "-fstack-usage", "-c", path.name]
        subprocess.run(command, cwd=folder, check=True)
    link = ["-nostartfiles", "-Wl,--gc-sections", "-Wl,-e,anyecg_preprocess"]
    objects = sorted(path.name for path in folder.glob("*.o"))
    subprocess.run(["arm-none-eabi-gcc", *core, *objects, *link, "-o", "all.elf"], cwd=folder, check=True)
    return source, folder


def test_the_code_is_small_and_static_memory_is_none(built):
    source, folder = built
    assert sum(columns("all.elf", folder=folder)["text"]) - source.table_bytes < LARGEST_CODE_BYTES
    objects = columns(*sorted(path.name for path in folder.glob("*.o")), folder=folder)
    assert sum(objects["data"]) + sum(objects["bss"]) == 0


def columns(*names: str, folder: Path) -> dict[str, list[int]]:
    command = ["arm-none-eabi-size", *names]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    head, *rows = (line.split() for line in said.splitlines())
    return {name: [int(row[head.index(name)]) for row in rows] for name in ("text", "data", "bss")}


def test_neither_floating_point_nor_long_division_is_called(built):
    _, folder = built
    said = subprocess.run(["arm-none-eabi-nm", "all.elf"], cwd=folder, capture_output=True, text=True, check=True)
    names = [line.split()[-1] for line in said.stdout.splitlines()]
    assert [name for name in names if name.startswith("__aeabi")] == []


def test_the_deepest_calls_fit_the_stack_that_is_stated(built):
    source, folder = built
    frames = {}
    for path in folder.glob("*.su"):
        for line in path.read_text().splitlines():
            place, size, kind = line.split("\t")
            assert kind == "static"
            frames[place.rsplit(":", 1)[1]] = int(size)
    own = frames.pop("anyecg_preprocess")
    # The two largest frames are those of a filter and of what it calls; other chains are longer and smaller.
    assert own + sum(sorted(frames.values())[-2:]) <= source.stack_bytes


@needs_gcc
@pytest.mark.skipif(missing_tools() is not None, reason=f"no emulated core: {missing_tools()}")
@pytest.mark.parametrize("name", CONTRACTS)
def test_an_emulated_cortex_m4_gives_the_hosts_numbers(name, tmp_path):
    contract, quantisation = CONTRACTS[name]
    host = compiled(tmp_path, contract, quantisation, contract.rate_hz / 2)
    counts = hearts(3, host.rate_hz, host.source.window_samples)
    build = Build(defines=sizes(host.source))
    link(sorted(tmp_path.glob("*.c")), tmp_path / "all.elf", Core.CORTEX_M4, build, includes=[tmp_path])
    emulated = run(tmp_path / "all.elf", Core.CORTEX_M4, counts.astype("<i4").tobytes(), timeout_s=60)
    assert emulated == host.run(counts).tobytes()

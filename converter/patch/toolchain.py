"""C for emulated Cortex-M boards: which cores there are, the compiler's call, the emulator's call.

Debian's ``gcc-arm-none-eabi``, ``libnewlib-arm-none-eabi`` and ``qemu-system-arm`` are all it takes. Programs read
stdin and write stdout by newlib's semihosting; start-up code and linker scripts lie in ``converter/patch/c/boards``.
"""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, assert_never

from edge.errors import FaultError

SOURCES: Final = Path(__file__).parent / "c"
"""The C that is the same for every model."""
BOARDS: Final = SOURCES / "boards"
"""Start-up code, linker scripts, the harness that counts."""
COMPILER: Final = "arm-none-eabi-gcc"
EMULATOR: Final = "qemu-system-arm"
NM: Final = "arm-none-eabi-nm"
_PROGRAMS: Final = (COMPILER, NM, EMULATOR)
_NEWLIB: Final = ("nano.specs", "rdimon.specs")
_INSTALL: Final = "install gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm"
STRICT: Final = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-Wconversion")
_SECTIONS: Final = ("-ffunction-sections", "-fdata-sections")
_LINKED: Final = ("-nostartfiles", "-Wl,--gc-sections")


class EmulationFault(StrEnum):
    """Reason of an `EmulationError`."""

    NO_TOOLCHAIN = "no_toolchain"
    NOT_EXPORTED = "not_exported"
    BUILD_FAILED = "build_failed"
    RUN_FAILED = "run_failed"
    TIMED_OUT = "timed_out"


class EmulationError(FaultError[EmulationFault]):
    """Nothing can be run on an emulated core; `fault` says why."""


class Core(StrEnum):
    """A core that is emulated."""

    CORTEX_M4 = "cortex-m4"
    CORTEX_M7 = "cortex-m7"
    CORTEX_M33 = "cortex-m33"
    CORTEX_M55 = "cortex-m55"


@dataclass(frozen=True, slots=True)
class Machine:
    """An emulated board.

    Parameters
    ----------
    board
        QEMU's name, and that of the linker script.
    flags
        What the compiler is told of the core.
    instructions_per_tick
        Of SysTick, where one instruction takes one nanosecond.
    """

    board: str
    flags: tuple[str, ...]
    instructions_per_tick: float


def machine_of(core: Core) -> Machine:
    """Return the board that has `core`; SysTick runs at the board's clock: 25, 20 and 32 MHz."""
    match core:
        case Core.CORTEX_M4:
            return Machine("mps2-an386", _flags(core, "soft"), 40.0)
        case Core.CORTEX_M7:
            return Machine("mps2-an500", _flags(core, "soft"), 40.0)
        case Core.CORTEX_M33:
            return Machine("mps2-an505", _flags(core, "soft"), 50.0)
        case Core.CORTEX_M55:
            return Machine("mps3-an547", _flags(core, "hard"), 31.25)  # MVE's registers are the floating point ones
        case _:
            assert_never(core)


def _flags(core: Core, floats: str) -> tuple[str, ...]:
    return (f"-mcpu={core}", "-mthumb", f"-mfloat-abi={floats}")


@dataclass(frozen=True, slots=True)
class Build:
    """How C is compiled.

    Parameters
    ----------
    optimise
        The compiler's level.
    defines
        Macros, with values.
    wrapped
        Functions whose calls go to ``__wrap_NAME`` instead.
    """

    optimise: str = "-O2"
    defines: Mapping[str, str] = field(default_factory=dict)
    wrapped: tuple[str, ...] = ()


def missing_tools() -> str | None:
    """Say what keeps C from being compiled and run for an emulated core; None where nothing does."""
    absent = [program for program in _PROGRAMS if shutil.which(program) is None]
    if not absent:
        absent = [specs for specs in _NEWLIB if not _compiler_has(specs)]
    return f"{', '.join(absent)} not found" if absent else None


def require_tools() -> None:
    """Raise `EmulationError` where `missing_tools` names any."""
    if (absent := missing_tools()) is not None:
        raise EmulationError(EmulationFault.NO_TOOLCHAIN, f"no emulated core here: {absent}", advice=_INSTALL)


def compile_objects(
    sources: Sequence[Path], folder: Path, core: Core, build: Build, *, includes: Sequence[Path] = ()
) -> tuple[Path, ...]:
    """Compile C files for a core.

    Parameters
    ----------
    sources
        C files.
    folder
        Where the objects go.
    core, build
        For which core, and how.
    includes
        Folders of headers beside the kernels' and the boards' own.

    Returns
    -------
    tuple of Path
        An object for each source.

    Raises
    ------
    EmulationError
        Without the toolchain, or where the compiler refuses.
    """
    require_tools()
    objects = []
    for source in sources:
        objects.append(folder / f"{source.stem}.o")
        _compiler(core, build, "-c", str(source), *_includes(includes), "-o", str(objects[-1]))
    return tuple(objects)


def link(sources: Sequence[Path], elf: Path, core: Core, build: Build, *, includes: Sequence[Path] = ()) -> None:
    """Compile and link a program for an emulated board.

    Parameters
    ----------
    sources
        C files and objects, ``main`` among them; the start-up code comes with it.
    elf
        What is written.
    core, build, includes
        As `compile_objects` takes them.

    Raises
    ------
    EmulationError
        Without the toolchain, or where the compiler or linker refuses.
    """
    require_tools()
    _compiler(
        core,
        build,
        *_LINKED,
        *(f"--specs={specs}" for specs in _NEWLIB),
        *(f"-Wl,--wrap={name}" for name in build.wrapped),
        *_includes(includes),
        f"-L{BOARDS}",
        f"-T{machine_of(core).board}.ld",
        *map(str, (*sources, BOARDS / "start.c", BOARDS / "ticks.c")),
        *("-o", str(elf)),
    )


def link_alone(objects: Sequence[Path], elf: Path, core: Core, build: Build, *, entry: str) -> None:
    """Link a function and what it calls, without a program round it, to see what it takes.

    Parameters
    ----------
    objects
        What `compile_objects` made.
    elf, core, build
        As `link` takes them.
    entry
        The function.
    """
    script = f"-T{machine_of(core).board}.ld"
    arguments = (*_LINKED, "--specs=nano.specs", f"-Wl,--entry={entry}", f"-L{BOARDS}", script)
    _compiler(core, build, *arguments, *map(str, objects), "-o", str(elf))


def _includes(folders: Sequence[Path]) -> tuple[str, ...]:
    return tuple(f"-I{folder}" for folder in (*folders, SOURCES, BOARDS))


def _compiler(core: Core, build: Build, *arguments: str) -> None:
    defines = (f"-D{name}={value}" for name, value in build.defines.items())
    command = [COMPILER, *machine_of(core).flags, build.optimise, *STRICT, *_SECTIONS, *defines, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise EmulationError(
            EmulationFault.BUILD_FAILED,
            f"the C does not build for {core}: {_first_error(done.stderr)}",
            advice="export it again; where that does not help, report it with the compiler's version",
        )


def run(elf: Path, core: Core, stdin: bytes, *, timeout_s: float, counted: bool = False) -> bytes:
    """Run a program on its emulated board.

    Parameters
    ----------
    elf, core
        What `link` wrote, and for which core.
    stdin
        What it reads.
    timeout_s
        How long it may take.
    counted
        Whether one instruction takes one nanosecond of the board's clocks, which is slower.

    Returns
    -------
    bytes
        What it wrote.

    Raises
    ------
    EmulationError
        Where it fails, faults or takes too long.
    """
    command = [
        EMULATOR,
        *("-M", machine_of(core).board),
        *("-display", "none", "-monitor", "none", "-serial", "none"),
        *("-semihosting-config", "enable=on,target=native"),
        *(("-icount", "shift=0") if counted else ()),
        *("-kernel", str(elf)),
    ]
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=timeout_s)  # noqa: S603
    except subprocess.TimeoutExpired as late:
        problem = f"{elf.name} on {core} has not ended after {timeout_s:g} s"
        raise EmulationError(EmulationFault.TIMED_OUT, problem, advice="give it fewer windows") from late
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0] or "it says nothing"
        problem = f"{elf.name} on {core} ended with {done.returncode}: {said}"
        raise EmulationError(EmulationFault.RUN_FAILED, problem, advice="report it: generated C must not fail")
    return done.stdout


def versions() -> dict[str, str]:
    """Return what compiles and what emulates, each by its own words."""
    require_tools()
    return {program: _first_line(program) for program in (COMPILER, EMULATOR)}


def _first_line(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.splitlines()[0]


def _compiler_has(specs: str) -> bool:
    command = [COMPILER, f"-print-file-name={specs}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return Path(done.stdout.strip()).is_absolute()


def _first_error(said: str) -> str:
    lines = said.splitlines()
    return next((line for line in lines if "error" in line), lines[0] if lines else "it said nothing")

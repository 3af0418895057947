"""Networks as C on emulated cores: built, counted, and held to TFLite Micro."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.distil.emit import untrained
from converter.patch.emulated import Counted, count_instructions, model_sources
from converter.patch.export import export, write_folder
from converter.patch.toolchain import Build, Core, link, run
from converter.patch.translate import Options, Source
from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack

STUDENT: Final = "student"
PLAIN: Final = {"ANYECG_PLAIN": "1"}
_TIMEOUT_S: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Variant:
    """A build that is measured.

    Parameters
    ----------
    name
        Of the instructions it uses.
    core, build
        For which core, and how.
    """

    name: str
    core: Core
    build: Build


VARIANTS: Final = (
    Variant("plain C -O2", Core.CORTEX_M4, Build("-O2", PLAIN)),
    Variant("DSP -Os", Core.CORTEX_M4, Build("-Os")),
    Variant("DSP -O2", Core.CORTEX_M4, Build("-O2")),
    Variant("DSP -O2", Core.CORTEX_M33, Build("-O2")),
    Variant("MVE -O2", Core.CORTEX_M55, Build("-O2")),
)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """What is measured, with what TFLite Micro gives for some inputs.

    Parameters
    ----------
    name
        For people.
    source
        As it is exported.
    inputs, outputs
        Int8, shapes (n, inputs) and (n, outputs): random, and TFLite Micro's answers.
    """

    name: str
    source: Source
    inputs: NDArray[np.int8]
    outputs: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Row:
    """One network in one build.

    Parameters
    ----------
    network
        Its name.
    variant
        The build.
    counted
        What a window costs.
    differing
        Of all output values, those that are not TFLite Micro's.
    """

    network: str
    variant: Variant
    counted: Counted
    differing: int


def networks(n_inputs: int) -> Iterator[Network]:
    """Yield the student's default network, untrained and without preprocessing, and the shipped packs."""
    student = untrained(0)
    yield _network(STUDENT, Source.of_model(student, STUDENT), student, n_inputs)
    for path in (SHIPPED, SHIPPED_WAVES):
        pack = read_any_pack(path)
        yield _network(pack.manifest.name, Source.of_pack(pack), pack.model, n_inputs)


def measure(network: Network, variants: tuple[Variant, ...] = VARIANTS) -> Iterator[Row]:
    """Build, count and compare a network in each build."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_folder(folder, export(network.source, Options()).files)
        for variant in variants:
            counted = count_instructions(folder, variant.core, variant.build)
            yield Row(network.name, variant, counted, _differing(network, folder, variant))


def _differing(network: Network, folder: Path, variant: Variant) -> int:
    elf = folder / "run.elf"
    link((*model_sources(folder), folder / "anyecg_run.c"), elf, variant.core, variant.build, includes=(folder,))
    asked = b"".join(b"i" + x.tobytes() for x in network.inputs)
    answered = np.frombuffer(run(elf, variant.core, asked, timeout_s=_TIMEOUT_S), np.int8)
    return int((answered.reshape(network.outputs.shape) != network.outputs).sum())


def _network(name: str, source: Source, model: bytes, n_inputs: int) -> Network:
    from tflite_micro.python.tflite_micro import runtime  # noqa: PLC0415

    interpreter = runtime.Interpreter.from_bytes(model, arena_size=4 << 20)
    shape = interpreter.get_input_details(0)["shape"]
    inputs = np.random.default_rng(0).integers(-128, 128, (n_inputs, int(np.prod(shape))), dtype=np.int8)
    outputs = []
    for x in inputs:
        interpreter.set_input(x.reshape(shape), 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0).reshape(-1).copy())
    return Network(name, source, inputs, np.array(outputs))

"""A pack becomes a folder of C: everything that is written, as text by file name."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.patch.contract import PreprocessingSource, preprocessing_source
from converter.patch.emit import model_source
from converter.patch.errors import ExportError, ExportFault
from converter.patch.execute import execute
from converter.patch.header import Counts, Ends, Identity, model_header
from converter.patch.memory import Plan, plan_memory
from converter.patch.network import Network
from converter.patch.reading import read_network
from converter.patch.schedule import schedule
from converter.patch.selftest import Cases, self_test_source
from edge.pack import ModelPack, WavesPack
from edge.preprocess import Preprocessing, preprocess
from edge.quant import Quantisation

SOURCES: Final = Path(__file__).parent / "c"
"""The C that is the same for every pack."""
_ALWAYS: Final = ("anyecg_kernels*", "anyecg_pad.*", "anyecg_internal.h", "anyecg_test.c", "anyecg_run.c", "Makefile")
_RANDOM_CASES: Final = 4


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of an export.

    Parameters
    ----------
    device_rate_hz
        Of the device's samples; None for the pack's own rate.
    picovolts_per_count
        What one count of the device is.
    self_test
        Whether the folder carries windows and the outputs they must give.
    """

    device_rate_hz: float | None = None
    picovolts_per_count: int = 1_000_000
    self_test: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What is exported.

    Parameters
    ----------
    identity
        Who it is.
    model
        The TFLite flatbuffer.
    pack
        The pack it came in; None for a plain model, which is exported without preprocessing.
    """

    identity: Identity
    model: bytes
    pack: ModelPack | WavesPack | None

    @classmethod
    def of_pack(cls, pack: ModelPack | WavesPack) -> "Source":
        """Take a pack."""
        manifest = pack.manifest
        identity = Identity(manifest.name, manifest.version, manifest.model_sha256, manifest.provenance.demonstration)
        return cls(identity, pack.model, pack)

    @classmethod
    def of_model(cls, model: bytes, name: str) -> "Source":
        """Take a plain int8 TFLite model."""
        return cls(Identity(name, "", hashlib.sha256(model).hexdigest(), demonstration=False), model, None)


@dataclass(frozen=True, slots=True, eq=False)
class Exported:
    """A folder as it is written.

    Parameters
    ----------
    files
        Contents by path within the folder.
    network, plan
        What was read, and where everything lies.
    preprocessing
        How device counts become the network's input; None of a plain model.
    cases
        Of the self-test; None without.
    constant_bytes
        Of the network: weights, biases, tables and descriptions of layers, on a machine of 32 bits.
    """

    files: Mapping[str, str]
    network: Network
    plan: Plan
    preprocessing: PreprocessingSource | None
    cases: Cases | None
    constant_bytes: int


def export(source: Source, options: Options) -> Exported:
    """Make the C of a pack. The same pack and options always give the same bytes.

    Parameters
    ----------
    source, options
        What, and how.

    Raises
    ------
    ExportError
        If it has an operator or a shape that no C is made of.
    ContractError
        If its preprocessing cannot be run in fixed point.
    """
    network = read_network(source.model)
    x, y = network.tensors[network.input], network.tensors[network.output]
    taken = _preprocessing(source.pack, x.quantisation, options)
    counts = None if taken is None else Counts(taken[0].window_samples, taken[1], options.picovolts_per_count)
    plan = plan_memory(schedule(network), 0 if taken is None else taken[0].work_bytes)
    cases = _cases(source, network, counts) if options.self_test else None
    title, ends = source.identity.title, Ends(x.size_bytes, x.quantisation, y.size_bytes, y.quantisation)
    model = model_source(plan, title)
    files = {
        **_shared(),
        **({} if taken is None else taken[0].files),
        "anyecg_model.c": model.text,
        "anyecg_model.h": model_header(source.identity, ends, counts, ram_bytes=plan.arena_bytes, cases=cases),
        "anyecg_selftest.c": self_test_source(cases, title),
    }
    return Exported(files, network, plan, None if taken is None else taken[0], cases, model.constant_bytes)


def write_folder(folder: Path, files: Mapping[str, str | bytes], *, force: bool = False) -> None:
    """Write files into a folder.

    Parameters
    ----------
    folder
        Made where it is not there.
    files
        Contents by path within it.
    force
        Whether files may be written into a folder that has others; those of the same name are replaced.

    Raises
    ------
    ExportError
        If it cannot be written, or is not empty.
    """
    try:
        if folder.exists() and not force and any(folder.iterdir()):
            raise ExportError(
                ExportFault.NOT_EMPTY,
                f"{folder} is not empty",
                advice="give an empty folder, or --force to write into it",
            )
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    except OSError as error:
        raise ExportError(
            ExportFault.UNWRITABLE, f"{folder} cannot be written ({error.strerror})", advice="give another folder"
        ) from error


def _shared() -> dict[str, str]:
    found = {path for pattern in _ALWAYS for path in SOURCES.glob(pattern)}
    found |= {path for path in (SOURCES / "boards").iterdir() if path.is_file()}
    return {str(path.relative_to(SOURCES)): path.read_text(encoding="utf-8") for path in sorted(found)}


def _preprocessing(
    pack: ModelPack | WavesPack | None, x: Quantisation, options: Options
) -> tuple[PreprocessingSource, float] | None:
    """Return the preprocessing as C, and the rate of the device it is for."""
    if pack is None:
        return None
    contract = pack.manifest.preprocessing.as_preprocessing()
    rate_hz = options.device_rate_hz or contract.rate_hz
    made = preprocessing_source(contract, x, device_rate_hz=rate_hz, picovolts_per_count=options.picovolts_per_count)
    return made, rate_hz


def _cases(source: Source, network: Network, counts: Counts | None) -> Cases:
    inputs = _inputs(source, network)
    outputs = execute(network, inputs)
    if source.pack is None or counts is None or counts.rate_hz != source.pack.manifest.preprocessing.rate_hz:
        return Cases(inputs, outputs)
    windows = np.round(source.pack.self_test.windows_uv * (1e6 / counts.picovolts_per_count)).astype(np.int32)
    contract = source.pack.manifest.preprocessing.as_preprocessing()
    return Cases(inputs, outputs, windows, _preprocessed(windows, counts, contract, network))


def _preprocessed(
    windows: NDArray[np.int32], counts: Counts, contract: Preprocessing, network: Network
) -> NDArray[np.int8]:
    """Return what `edge.preprocess` makes of device counts."""
    millivolts = windows * (counts.picovolts_per_count * 1e-9)
    return network.tensors[network.input].quantisation.quantise(preprocess(millivolts, contract))


def _inputs(source: Source, network: Network) -> NDArray[np.int8]:
    """Return the inputs of the pack's own self-test; random ones of a plain model."""
    if source.pack is not None:
        return np.asarray(source.pack.self_test.inputs, np.int8)
    size = network.tensors[network.input].size_bytes
    return np.random.default_rng(0).integers(-128, 128, (_RANDOM_CASES, size), dtype=np.int8)

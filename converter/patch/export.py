"""A pack becomes a folder of C: everything that is written, by file name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.patch.errors import ExportError, ExportFault
from converter.patch.execute import execute
from converter.patch.header import Counts, Ends, model_header
from converter.patch.lint import Finding, lint
from converter.patch.needs import needs_of_translated
from converter.patch.network import Network
from converter.patch.readme import readme
from converter.patch.selftest import Cases, self_test_source
from converter.patch.tflm import convention
from converter.patch.translate import Options, Source, Translated, translate
from edge.manifest import PatchNeeds
from edge.preprocess import Preprocessing, preprocess

SOURCES: Final = Path(__file__).parent / "c"
"""The C that is the same for every pack."""
_ALWAYS: Final = ("anyecg_kernels*", "anyecg_pad.*", "anyecg_internal.h", "anyecg_test.c", "anyecg_run.c", "Makefile")
_RANDOM_CASES: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Exported:
    """A folder as it is written.

    Parameters
    ----------
    files
        Contents by path within the folder.
    translated
        What the C was made from.
    needs
        What it asks of a patch.
    findings
        What is known of other runtimes' kernels with this model.
    """

    files: Mapping[str, str | bytes]
    translated: Translated
    needs: PatchNeeds
    findings: tuple[Finding, ...]


def export(source: Source, options: Options) -> Exported:
    """Make everything that `write_folder` writes. The same pack and options always give the same bytes.

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
    translated = translate(source, options)
    network, counts = translated.network, translated.counts
    cases = _cases(source, network, counts) if options.self_test else None
    needs, findings, ends = needs_of_translated(source.model, translated), lint(network), _ends(network)
    made = translated.preprocessing
    files: dict[str, str | bytes] = {
        **_shared(),
        **({} if made is None else made.files),
        "anyecg_model.c": translated.model.text,
        "anyecg_model.h": model_header(
            source.identity, ends, counts, ram_bytes=translated.plan.arena_bytes, cases=cases
        ),
        "anyecg_selftest.c": self_test_source(cases, source.identity.comment),
        **convention(source.model, network, source.identity, findings).files,
        "README.md": readme(
            source.identity,
            None if source.pack is None else source.pack.manifest,
            counts,
            needs,
            findings,
            ends=ends,
            cases=cases.n if cases else 0,
        ),
    }
    return Exported(files, translated, needs, findings)


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


def _ends(network: Network) -> Ends:
    x, y = network.tensors[network.input], network.tensors[network.output]
    return Ends(x.size_bytes, x.quantisation, y.size_bytes, y.quantisation)


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

"""A pack: one .tflite file that any TFLite tool opens, with a zip of facts about the model behind the flatbuffer.

``unzip -p heart.tflite manifest.json`` shows the manifest, as with TFLite Metadata's associated files. Members:
``manifest.json`` (`edge.manifest.Manifest`), ``selftest.npz`` (`SelfTest`), ``parity.json`` (what conversion kept), and
where the pack is signed ``signature`` (`edge.signature`).
"""

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from edge.errors import PackError, PackFault
from edge.interpreter import Tensor
from edge.manifest import SCHEMA_VERSION, Manifest, WavesManifest

AnyManifest = TypeVar("AnyManifest", Manifest, WavesManifest)

SHIPPED: Final = Path(__file__).parent / "packs" / "demonstration.tflite"
"""The pack of estimates that comes with the product."""
SHIPPED_WAVES: Final = SHIPPED.with_name("waves.tflite")
"""The waves pack that comes with the product."""

_TFLITE_IDENTIFIER: Final = b"TFL3"
_LARGEST_MEMBER_BYTES: Final = 64 << 20
_ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_COPY_AGAIN: Final = "copy or make the pack again"
_BROKEN_ZIP: Final = (
    zipfile.BadZipFile, zlib.error, KeyError, EOFError, ValueError, OSError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""What `zipfile` and `numpy.load` raise at bytes that are no archive of theirs."""


@dataclass(frozen=True, slots=True, eq=False)
class SelfTest:
    """Windows with the outputs they must give.

    Parameters
    ----------
    windows_uv
        ``NDArray[int32]``, shape (n, window_samples), µV, before preprocessing.
    inputs
        Shape (n, window_samples), the model's dtype: what the preprocessing makes of them.
    outputs
        By kernel family: shape (n, n_outputs), the model's dtype.
    tolerance
        How far another kernel family may be from these: int8 steps, or logits for a float model.
    """

    windows_uv: NDArray[np.int32]
    inputs: Tensor
    outputs: dict[str, Tensor]
    tolerance: float


@dataclass(frozen=True, slots=True, eq=False)
class _Pack(Generic[AnyManifest]):
    """A verified pack in memory.

    Parameters
    ----------
    manifest
        What the pack says of itself.
    model
        The TFLite flatbuffer.
    self_test
        Windows and the outputs they must give.
    parity
        What conversion kept, as the converter measured it; JSON values.
    """

    manifest: AnyManifest
    model: bytes
    self_test: SelfTest
    parity: dict[str, Any]

    def to_bytes(self) -> bytes:
        """Return the file's bytes; the same pack always gives the same bytes."""
        members = {
            "manifest.json": self.manifest.model_dump_json(indent=1).encode(),
            "parity.json": json.dumps(self.parity, indent=1, sort_keys=True).encode(),
            "selftest.npz": _npz_bytes(self.self_test),
        }
        file = io.BytesIO(self.model)
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), content, zipfile.ZIP_DEFLATED, 9)
        return file.getvalue()


@dataclass(frozen=True, slots=True, eq=False)
class ModelPack(_Pack[Manifest]):
    """A verified pack of laboratory estimates; its parameters are those of `Manifest` and `SelfTest`.

    Parameters
    ----------
    manifest
        What the pack says of itself.
    model
        The TFLite flatbuffer.
    self_test
        Windows and the outputs they must give.
    parity
        What conversion kept, as the converter measured it; JSON values.
    """

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "pack") -> Self:
        """Parse and verify a pack.

        Parameters
        ----------
        data
            The whole file.
        name
            What to call it in errors.

        Raises
        ------
        PackError
            If it is no pack, truncated, altered, of a newer schema or for another task, or its manifest breaks a rule.
        """
        pack = parse_pack(data, name)
        if not isinstance(pack, cls):
            raise _wrong_task(name, "marks waves, and gives no estimates", "give a pack made with anyecg convert")
        return pack


@dataclass(frozen=True, slots=True, eq=False)
class WavesPack(_Pack[WavesManifest]):
    """A verified waves pack, with what `ModelPack` has; the outputs of its self-test are those of every step."""

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "pack") -> Self:
        """Parse and verify a pack as `ModelPack.from_bytes` does."""
        pack = parse_pack(data, name)
        if not isinstance(pack, cls):
            raise _wrong_task(name, "gives laboratory estimates, and marks no waves", "give a waves pack")
        return pack


def parse_pack(data: bytes, name: str = "pack") -> ModelPack | WavesPack:
    """Parse and verify a pack for whatever task; see `ModelPack.from_bytes`."""
    members = _members(data, name)
    manifest = _manifest(members["manifest.json"], name)
    model = data[: manifest.model_size_bytes]
    if hashlib.sha256(model).hexdigest() != manifest.model_sha256:
        raise PackError(
            PackFault.CORRUPT, f"the model in {name} is not the one its manifest was written for", advice=_COPY_AGAIN
        )
    try:
        self_test = _self_test(members["selftest.npz"])
        parity = json.loads(members["parity.json"])
    except _BROKEN_ZIP as error:
        raise PackError(
            PackFault.CORRUPT, f"the self-test in {name} cannot be read ({error})", advice=_COPY_AGAIN
        ) from error
    if isinstance(manifest, WavesManifest):
        return WavesPack(manifest, model, self_test, parity)
    return ModelPack(manifest, model, self_test, parity)


def _wrong_task(name: str, what: str, advice: str) -> PackError:
    return PackError(PackFault.WRONG_TASK, f"{name} is a pack that {what}", advice=advice)


def read_pack(path: Path) -> ModelPack:
    """Read and verify the pack at `path`; see `ModelPack.from_bytes`."""
    return ModelPack.from_bytes(_file(path), path.name)


def read_waves_pack(path: Path) -> WavesPack:
    """Read and verify the waves pack at `path`; see `ModelPack.from_bytes`."""
    return WavesPack.from_bytes(_file(path), path.name)


def read_any_pack(path: Path) -> ModelPack | WavesPack:
    """Read and verify the pack at `path`, for whatever task; see `ModelPack.from_bytes`."""
    return parse_pack(_file(path), path.name)


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackError(
            PackFault.MISSING, f"the pack {path} cannot be read ({error.strerror})", advice="check the path"
        ) from error


def write_pack(path: Path, pack: ModelPack | WavesPack) -> int:
    """Write the pack, whole or not at all; return its size in bytes."""
    data = pack.to_bytes()
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return len(data)


def _members(data: bytes, name: str) -> dict[str, bytes]:
    is_tflite = data[4:8] == _TFLITE_IDENTIFIER
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {}
            for wanted in ("manifest.json", "parity.json", "selftest.npz"):
                if archive.getinfo(wanted).file_size > _LARGEST_MEMBER_BYTES:
                    raise PackError(PackFault.CORRUPT, f"{wanted} in {name} is absurdly large", advice=_COPY_AGAIN)
                members[wanted] = archive.read(wanted)
    except _BROKEN_ZIP as error:
        fault = PackFault.CORRUPT if is_tflite else PackFault.NOT_A_PACK
        why = "a plain TFLite model, or a truncated or damaged pack" if is_tflite else "not a TFLite file"
        raise PackError(fault, f"{name} is no pack: {why}", advice=_COPY_AGAIN) from error
    if not is_tflite:
        raise PackError(PackFault.NOT_A_PACK, f"{name} is no pack: not a TFLite file", advice=_COPY_AGAIN)
    return members


def _manifest(content: bytes, name: str) -> Manifest | WavesManifest:
    try:
        fields = json.loads(content)
        schema = fields["schema_version"]
        newer = schema > SCHEMA_VERSION
    except (ValueError, TypeError, KeyError) as error:
        raise PackError(
            PackFault.BAD_MANIFEST, f"the manifest of {name} is not readable ({error})", advice=_COPY_AGAIN
        ) from error
    if newer:
        raise PackError(
            PackFault.NEWER_SCHEMA,
            f"{name} has manifest schema {schema}, this release reads {SCHEMA_VERSION}",
            advice="update anyecg-edge",
        )
    try:
        kind = WavesManifest if fields.get("task") == "waves" else Manifest
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "manifest"
        raise PackError(
            PackFault.BAD_MANIFEST,
            f"the manifest of {name} breaks a rule at {where}: {first['msg']}",
            advice="make the pack again with anyecg convert",
        ) from error


def _npz_bytes(self_test: SelfTest) -> bytes:
    arrays = {
        "windows_uv.npy": self_test.windows_uv,
        "inputs.npy": self_test.inputs,
        "tolerance.npy": np.float64(self_test.tolerance),
        **{f"outputs/{family}.npy": output for family, output in sorted(self_test.outputs.items())},
    }
    # numpy.savez stamps the clock into the archive; this gives the same bytes for the same arrays.
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), content.getvalue())
    return file.getvalue()


def _self_test(content: bytes) -> SelfTest:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        outputs = {k.removeprefix("outputs/"): arrays[k] for k in arrays.files if k.startswith("outputs/")}
        return SelfTest(arrays["windows_uv"], arrays["inputs"], outputs, float(arrays["tolerance"]))

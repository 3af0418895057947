"""Files of weights: `.npz`, `.safetensors` and `.pth`, read without running anything from them."""

import re
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converter.errors import ConversionError, ConversionFault

StateDict = dict[str, NDArray[Any]]
"""Arrays of numbers by name, of any dtype and shape."""

_NUMPY_IN_PICKLES: Final = (
    "numpy.dtype",
    "numpy.ndarray",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
)
"""A metric or a schedule kept beside the weights; never made, see `_Skipped`."""


def read_state_dict(path: Path) -> StateDict:
    """Read the arrays of a file of weights.

    Parameters
    ----------
    path
        ``.npz``, ``.safetensors``, ``.pth`` or ``.pt``. The last two need torch; a dict with ``state_dict`` gives that
        and nothing of what lies beside it.

    Raises
    ------
    ConversionError
        If it cannot be read, or only by running code that it brings, or with a package that is not installed.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise _unreadable(path, "is none of " + ", ".join(_READERS))
    if not path.is_file():
        raise _unreadable(path, "cannot be read: there is no such file")
    try:
        return read(path)
    except ConversionError:
        raise
    except ModuleNotFoundError as error:
        extra = "train" if error.name == "torch" else "convert"
        raise ConversionError(
            ConversionFault.NEEDS_EXTRA,
            f"{path} can only be read with {error.name}",
            advice=f"pip install 'anyecg-edge[{extra}]', or save the state dict as .npz",
        ) from error
    except Exception as error:  # the readers of a foreign file raise whatever its bytes make them
        raise _unreadable(path, f"cannot be read as {path.suffix.lower()} of weights ({_first_line(error)})") from error


def _npz(path: Path) -> StateDict:
    with path.open("rb") as file:
        loaded = np.load(file, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise _unreadable(path, "holds a single array, not weights by name")
        with loaded:
            return {key: loaded[key] for key in loaded.files}


def _safetensors(path: Path) -> StateDict:
    import ml_dtypes  # noqa: F401, PLC0415 - makes bfloat16 known to numpy
    from safetensors import safe_open  # noqa: PLC0415

    with safe_open(path, framework="np") as file:
        return {key: _single_if_brain(file.get_tensor(key)) for key in file.keys()}  # noqa: SIM118 - it is no mapping


def _single_if_brain(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.float32) if values.dtype.name == "bfloat16" else values


class _Skipped:
    """Stands where a pickle wants an object that is no weight."""

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, _: Any) -> None:
        pass


def _torch(path: Path) -> StateDict:
    import torch  # noqa: PLC0415

    is_archive = zipfile.is_zipfile(path)
    if is_archive:
        _check_archive(path)
    skipped = [(_Skipped, name) for name in _NUMPY_IN_PICKLES]
    with warnings.catch_warnings(), torch.serialization.safe_globals(skipped):
        warnings.simplefilter("ignore")  # of torch, about the pickle protocol of a file that is refused anyway
        try:
            loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=is_archive)
        except Exception as error:
            wanted = re.search(r"(?:GLOBAL|class) ([\w.]+)", str(error))
            if wanted is None:
                raise
            raise ConversionError(
                ConversionFault.NEEDS_CODE,
                f"{path} holds {wanted[1]}, which only running code of the file would load",
                advice="save model.state_dict() instead of the model, best as .safetensors",
            ) from error
    state = loaded["state_dict"] if isinstance(loaded, Mapping) and "state_dict" in loaded else loaded
    if not isinstance(state, Mapping):
        raise _unreadable(path, f"holds a {type(state).__name__}, not weights by name")
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            raise ConversionError(
                ConversionFault.UNEXPECTED_WEIGHTS,
                f"{path} has {key!r} among its weights, which is no tensor but a {type(value).__name__}",
                advice="save {'state_dict': model.state_dict()}, and everything else beside it",
            )
    return {key: _array(key, tensor, torch) for key, tensor in state.items()}


def _array(key: str, tensor: Any, torch: Any) -> NDArray[Any]:
    tensor = tensor.detach()
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ValueError(f"{key} of shape {tuple(tensor.shape)} is larger than what the file holds")
    return np.asarray((tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy())


def _check_archive(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        if any(record.compress_type != zipfile.ZIP_STORED for record in archive.infolist()):
            raise ValueError("its records are compressed, which torch never does")
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"{damaged} in it is damaged")


def _unreadable(path: Path, what: str) -> ConversionError:
    return ConversionError(
        ConversionFault.UNREADABLE_CHECKPOINT,
        f"{path} {what}",
        advice="give the state dict as .npz (numpy.savez), .safetensors or .pth (torch.save)",
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


_READERS: Final[dict[str, Callable[[Path], StateDict]]] = {
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".pth": _torch,
    ".pt": _torch,
}

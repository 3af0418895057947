"""What finds beats: the detectors that can be installed here, as their manuals call them."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.waves import neurokit
from benchmarks.waves.trying import Failures, Read
from benchmarks.waves.wrapped import beats_only
from edge.waves.marks import Floats
from edge.waves.reading import RecordingReading

Detect: TypeAlias = Callable[[Floats, float], "NDArray[np.integer]"]
"""Millivolts, shape (n,), and their rate in Hz, to beats in samples."""
PACKAGES: Final = ("wfdb", "sleepecg", "neurokit2")
_GAIN: Final = 200.0
"""Counts to a millivolt of the MIT-BIH recordings, so that GQRS gets the samples as they were stored."""


def _xqrs(millivolts: Floats, rate_hz: float) -> NDArray[np.integer]:
    from wfdb.processing import XQRS  # noqa: PLC0415

    detector: Any = XQRS(sig=millivolts, fs=rate_hz)
    detector.detect(verbose=False)
    return np.asarray(detector.qrs_inds, np.int64)


def _gqrs(millivolts: Floats, rate_hz: float) -> NDArray[np.integer]:
    from wfdb.processing import gqrs_detect  # noqa: PLC0415

    counts = np.rint(millivolts * _GAIN).astype(np.int64)
    found: Any = gqrs_detect(d_sig=counts, fs=rate_hz, adc_gain=_GAIN, adc_zero=0)
    return np.asarray(found, np.int64)


def _sleepecg(millivolts: Floats, rate_hz: float) -> NDArray[np.integer]:
    sleepecg: Any = import_module("sleepecg")
    return np.asarray(sleepecg.detect_heartbeats(millivolts, rate_hz), np.int64)


_BY_PACKAGE: Final[Mapping[str, Mapping[str, Detect]]] = {
    "wfdb": {"wfdb XQRS": _xqrs, "wfdb GQRS": _gqrs},
    "sleepecg": {"sleepecg": _sleepecg},
    "neurokit2": {
        "NeuroKit2 neurokit": partial(neurokit.detect, "neurokit"),
        "NeuroKit2 pantompkins1985": partial(neurokit.detect, "pantompkins1985"),
    },
}


def versions() -> dict[str, str]:
    """Name the peers that are installed, with their versions."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def has(package: str) -> bool:
    """Say whether a peer is installed."""
    return find_spec(package) is not None


def detectors() -> dict[str, Read]:
    """Detectors of the peers that are installed, by the names the tables have."""
    return {
        name: partial(_read, detect)
        for package, named in _BY_PACKAGE.items()
        if has(package)
        for name, detect in named.items()
    }


def _read(detect: Detect, millivolts: Floats, rate_hz: float, _: Failures) -> RecordingReading:
    return beats_only(detect(millivolts, rate_hz), rate_hz, millivolts.size)

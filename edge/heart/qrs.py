"""QRS complexes of every usual shape, as sums of Gaussians whose edges and main deflection are known."""

from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from edge.heart.draws import Floats, Numbers

EDGE_SHARE = 0.05
"""A complex begins and ends where its outermost Gaussian is this share of the largest deflection."""
N_PARTS = 4
"""Gaussians of a complex; one that fuses two has twice as many."""
MAX_PARTS = 2 * N_PARTS

_Part = tuple[float, float, float, float]
"""Of a Gaussian: place and width as shares of the complex; lowest and highest amplitude, the main one being 1."""

NARROW: Final[tuple[tuple[float, tuple[_Part, ...]], ...]] = (
    (0.24, ((0.24, 0.07, -0.2, -0.05), (0.45, 0.095, 1.0, 1.0), (0.70, 0.09, -0.35, -0.1))),  # qRs
    (0.14, ((0.40, 0.110, 1.0, 1.0), (0.72, 0.090, -0.6, -0.2))),  # Rs
    (0.06, ((0.45, 0.120, 1.0, 1.0), (0.60, 0.100, 0.0, 0.2))),  # R
    (0.13, ((0.27, 0.085, 0.12, 0.6), (0.60, 0.120, -1.0, -1.0), (0.82, 0.06, 0.0, 0.12))),  # rS
    (0.07, ((0.33, 0.095, 0.7, 1.0), (0.65, 0.100, -1.0, -0.7))),  # RS
    (0.06, ((0.48, 0.140, -1.0, -1.0), (0.33, 0.050, 0.0, 0.2))),  # QS
    (0.09, ((0.25, 0.085, -0.5, -0.12), (0.60, 0.110, 1.0, 1.0))),  # qR
    (0.05, ((0.22, 0.075, 0.4, 1.0), (0.47, 0.080, -0.9, -0.3), (0.74, 0.085, 0.4, 1.0))),  # RSR'
    (0.05, ((0.36, 0.085, 0.7, 1.0), (0.62, 0.090, 0.6, 1.0), (0.84, 0.070, -0.3, 0.0))),  # notched R
    (0.04, ((0.20, 0.060, -0.3, 0.0), (0.40, 0.090, 1.0, 1.0), (0.62, 0.050, 0.1, 0.3), (0.78, 0.07, -0.4, 0.0))),
)
"""Complexes of usual width, their shares, in leads of every direction."""
BUNDLE_BRANCH: Final[tuple[tuple[float, tuple[_Part, ...]], ...]] = (
    (0.3, ((0.30, 0.110, 0.7, 1.0), (0.52, 0.130, 0.5, 0.9), (0.70, 0.110, 0.4, 0.9))),  # left, lateral lead
    (0.25, ((0.15, 0.050, 0.0, 0.2), (0.42, 0.130, -1.0, -0.8), (0.66, 0.120, -0.7, -0.3))),  # left, V1
    (0.25, ((0.17, 0.060, 0.2, 0.5), (0.36, 0.070, -0.6, -0.1), (0.66, 0.120, 1.0, 1.0))),  # right, V1
    (0.2, ((0.14, 0.050, -0.2, 0.0), (0.30, 0.080, 1.0, 1.0), (0.66, 0.150, -0.6, -0.25))),  # right, lateral lead
)
"""Complexes of bundle branch block."""
VENTRICULAR: Final[tuple[tuple[float, tuple[_Part, ...]], ...]] = (
    (0.35, ((0.38, 0.150, 1.0, 1.0), (0.66, 0.130, 0.1, 0.7))),  # one broad deflection
    (0.2, ((0.32, 0.110, 0.6, 1.0), (0.62, 0.120, 0.7, 1.0))),  # notched
    (0.25, ((0.30, 0.120, 1.0, 1.0), (0.68, 0.140, -1.0, -0.3))),  # two broad deflections
    (0.2, ((0.16, 0.065, -0.4, -0.1), (0.50, 0.150, 1.0, 1.0), (0.80, 0.100, -0.3, 0.2))),  # qR
)
"""Complexes that begin in a ventricle or under a pacemaker's electrode; of either polarity."""
FUSION_HASTE = 0.75
"""The ventricular part of a fusion beat takes this share of its usual time."""
WIDE_SHARE = 0.12
"""Share of the subjects whose own beats show bundle branch block."""


def _tables() -> tuple[NDArray[np.float64], dict[str, Floats]]:
    kinds = (*NARROW, *BUNDLE_BRANCH, *VENTRICULAR)
    parts = np.zeros((len(kinds), N_PARTS, 4))
    parts[:, :, :2] = (0.5, 0.1)
    for row, (_, gaussians) in zip(parts, kinds, strict=True):
        row[: len(gaussians)] = gaussians
    families = [np.array([share for share, _ in family]) for family in (NARROW, BUNDLE_BRANCH, VENTRICULAR)]
    narrow, bundle, ventricular = (family / family.sum() for family in families)
    zero = np.zeros_like
    shares = {
        "conducted": np.concatenate([narrow * (1.0 - WIDE_SHARE), bundle * WIDE_SHARE, zero(ventricular)]),
        "bundle branch": np.concatenate([zero(narrow), bundle, zero(ventricular)]),
        "ventricular": np.concatenate([zero(narrow), zero(bundle), ventricular]),
    }
    return parts, shares


_PARTS, _SHARES = _tables()


@dataclass(frozen=True, slots=True, eq=False)
class Complexes:
    """QRS complexes of n subjects; times in s from the main deflection.

    Parameters
    ----------
    place_s, sigma_s, mv
        Shape (n, `MAX_PARTS`), or (n, 6, `MAX_PARTS`) when stacked: its Gaussians, 0 mV where there is none.
    on_s, off_s
        Shape (n,) or (n, 6): onset, negative, and end.
    height_mv, area_mvs
        Shape (n,) or (n, 6): largest amplitude of a Gaussian, its magnitude; net area in mV s.
    """

    place_s: Floats
    sigma_s: Floats
    mv: Floats
    on_s: Floats
    off_s: Floats
    height_mv: Floats
    area_mvs: Floats

    @classmethod
    def stack(cls, forms: "tuple[Complexes, ...]") -> Self:
        """Put forms side by side along a second axis."""
        return cls(*(np.stack([getattr(form, field.name) for form in forms], axis=1) for field in fields(cls)))


def draw_complexes(numbers: Numbers, family: str, gain_mv: Floats) -> tuple[Complexes, NDArray[np.bool_]]:
    """Draw a complex for each subject.

    Parameters
    ----------
    numbers
        Of the subjects.
    family
        "conducted", "bundle branch" or "ventricular".
    gain_mv
        Shape (n,): largest deflection, mV, with its sign.

    Returns
    -------
    tuple
        The complexes, and for each whether it is wider than usual, shape (n,).
    """
    kind = numbers.which(tuple(_SHARES[family].tolist()))
    parts = _PARTS[kind]
    place = parts[..., 0] + numbers.between(-0.025, 0.025, N_PARTS)
    sigma = parts[..., 1] * numbers.between(0.88, 1.12, N_PARTS)
    mv = (parts[..., 2] + (parts[..., 3] - parts[..., 2]) * numbers.uniform(N_PARTS)) * gain_mv[:, None]
    wide = kind >= len(NARROW)
    share = numbers.uniform()
    ectopic = family == "ventricular"
    low, high = np.where(wide, 0.12, 0.066), np.where(wide, 0.2 if ectopic else 0.175, 0.118)
    raw = _measure(place, sigma, mv)
    scale = ((low + (high - low) * share) / (raw.off_s - raw.on_s))[:, None]
    return _measure(place * scale, sigma * scale, mv), wide


def blend(normal: Complexes, ventricular: Complexes, share: Floats) -> Complexes:
    """Let two complexes begin together, the second with a share, shape (n,), the first with the rest.

    The second is over sooner than by itself, since the first has taken its share of the ventricles.
    """
    first, second = np.s_[:, :N_PARTS], np.s_[:, :N_PARTS]
    place = [normal.place_s[first] - normal.on_s[:, None], ventricular.place_s[second] - ventricular.on_s[:, None]]
    sigma = [normal.sigma_s[first], FUSION_HASTE * ventricular.sigma_s[second]]
    place[1] = FUSION_HASTE * place[1]
    mv = [normal.mv[first] * (1.0 - share)[:, None], ventricular.mv[second] * share[:, None]]
    return _measure(*(np.concatenate(both, axis=1) for both in (place, sigma, mv)))


def draw_spikes(numbers: Numbers) -> tuple[Floats, Floats]:
    """Draw pacemaker spikes: mV, and s before the onset of QRS, shape (n,) each."""
    sign = np.where(numbers.chance(0.5), 1.0, -1.0)
    return sign * numbers.log_between(0.25, 3.0), numbers.between(0.004, 0.025)


def _measure(place: Floats, sigma: Floats, mv: Floats) -> Complexes:
    """Find edges and main deflection of sums of Gaussians, shape (n, k), and count times from the latter."""
    magnitude = np.abs(mv)
    height = magnitude.max(axis=1)
    steps = (place[:, :, None] - place[:, None, :]) / sigma[:, None, :]
    values = np.abs((mv[:, None, :] * np.exp(-0.5 * steps**2)).sum(axis=2))
    main = np.argmax(np.where(magnitude > 0.0, values, -1.0), axis=1)[:, None]
    threshold = EDGE_SHARE * np.take_along_axis(values, main, axis=1)
    reach = sigma * np.sqrt(2.0 * np.log(np.maximum(magnitude / threshold, 1.0)))
    seen = magnitude > threshold
    middle = np.take_along_axis(place, main, axis=1)
    on = np.where(seen, place - reach, np.inf).min(axis=1) - middle[:, 0]
    off = np.where(seen, place + reach, -np.inf).max(axis=1) - middle[:, 0]
    missing = ((0, 0), (0, MAX_PARTS - place.shape[1]))
    return Complexes(
        place_s=np.pad(place - middle, missing),
        sigma_s=np.pad(sigma, missing, constant_values=0.01),
        mv=np.pad(mv, missing),
        on_s=on,
        off_s=off,
        height_mv=height,
        area_mvs=np.sqrt(2.0 * np.pi) * (mv * sigma).sum(axis=1),
    )

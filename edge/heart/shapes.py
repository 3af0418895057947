"""What the beats of a subject look like in its lead: QRS of every form, P, T, ST and U, as sums of Gaussians.

The shapes and their limits are textbook knowledge of electrocardiography; their shares are chosen so that a
network meets each often enough, not so that they are those of a population.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.heart.draws import Floats, Numbers
from edge.heart.plan import Form
from edge.heart.qrs import Complexes, blend, draw_complexes, draw_spikes

P_EDGE_SIGMAS = 2.3
"""P begins and ends this many widths from its outermost Gaussians: at 7 % of their height."""
T_ONSET_SIGMAS, T_END_SIGMAS = 2.2, 2.0
"""T begins at 9 % of its height, and ends where the tangent at its steepest fall meets the baseline."""
SECOND_T = 0.8
"""Width of a biphasic T wave's second part, as a share of the first's."""
SECOND_T_GAP = 2.2
"""Distance of the two parts, in widths of the first."""
N_SHAPE_NUMBERS: Final = 160
"""Uniform numbers that a subject's shapes take."""


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """The shapes of n subjects. A second axis of length 6 counts by `Form`, a `complexes` third one Gaussians.

    Parameters
    ----------
    complexes
        QRS of each form.
    spike_mv, spike_s
        Shape (n,): pacemaker spike, its height and its place before the onset of a paced QRS.
    t_mv, t_second, t_sigma_s
        Shape (n, 6): first part of T, its second part as a multiple (0: none), width of its falling side when QT is
        0.4 s.
    t_asymmetry
        Shape (n,): rising width over falling width.
    qtc_s
        Shape (n,): QT at 60 beats a minute of a QRS of 90 ms; it follows Fridericia.
    st_mv, st_fall_s
        Shape (n, 6) and (n,): height of the ST segment at its beginning, and the width over which it fades.
    u_mv
        Shape (n,): U wave, never marked.
    p_mv, p_place_s, p_sigma_s
        Shape (n, 2, 2): Gaussians of P from the sinus node and from elsewhere, places from its onset.
    p_peak_s, p_length_s
        Shape (n, 2): the highest of them, and onset to end.
    """

    complexes: Complexes
    spike_mv: Floats
    spike_s: Floats
    t_mv: Floats
    t_second: Floats
    t_sigma_s: Floats
    t_asymmetry: Floats
    qtc_s: Floats
    st_mv: Floats
    st_fall_s: Floats
    u_mv: Floats
    p_mv: Floats
    p_place_s: Floats
    p_sigma_s: Floats
    p_peak_s: Floats
    p_length_s: Floats

    @property
    def normal_height_mv(self) -> Floats:
        """Largest deflection of the subject's own QRS, shape (n,)."""
        return self.complexes.height_mv[:, Form.NORMAL]


def draw_shapes(uniform: Floats) -> Shapes:
    """Work out the shapes of n subjects.

    Parameters
    ----------
    uniform
        Shape (n, `N_SHAPE_NUMBERS`), 0 to 1. Row i of the shapes depends on row i alone.
    """
    numbers = Numbers(uniform)
    # Most leads show millivolts, some show a tenth.
    gain = np.clip(0.85 * np.exp(0.6 * _bell(numbers)), 0.15, 3.0)
    flip = np.where(numbers.chance(0.1), -1.0, 1.0)
    normal, wide = draw_complexes(numbers, "conducted", gain * flip)
    ventricular, _ = draw_complexes(
        numbers, "ventricular", np.clip(gain * numbers.between(0.9, 2.0), 0.3, 4.0) * _sign(numbers)
    )
    other, _ = draw_complexes(
        numbers, "ventricular", np.clip(gain * numbers.between(0.8, 1.8), 0.3, 4.0) * _sign(numbers)
    )
    aberrant, _ = draw_complexes(numbers, "bundle branch", gain * flip * numbers.between(0.8, 1.2))
    paced, _ = draw_complexes(
        numbers, "ventricular", np.clip(gain * numbers.between(0.8, 1.6), 0.3, 4.0) * _sign(numbers, 0.35)
    )
    fused = blend(normal, ventricular, numbers.between(0.3, 0.7))
    complexes = Complexes.stack((normal, ventricular, other, aberrant, fused, paced))
    spike_mv, spike_s = draw_spikes(numbers)
    t_mv, t_second, t_sigma_s = _draw_t(numbers, complexes, wide, gain, flip)
    st_mv = _draw_st(numbers, t_mv, wide, gain)
    p_mv, p_place_s, p_sigma_s = _draw_p(numbers, gain, flip)
    outer = P_EDGE_SIGMAS * p_sigma_s * (np.abs(p_mv) > 0.0)
    first = np.min(np.where(p_mv == 0.0, np.inf, p_place_s - outer), axis=2, initial=1.0)
    p_place_s = p_place_s - first[..., None]
    highest = np.argmax(np.abs(p_mv), axis=2)[..., None]
    return Shapes(
        complexes=complexes,
        spike_mv=spike_mv,
        spike_s=spike_s,
        t_mv=t_mv,
        t_second=t_second,
        t_sigma_s=t_sigma_s,
        t_asymmetry=numbers.between(1.0, 2.1),
        qtc_s=_draw_qtc(numbers),
        st_mv=st_mv,
        st_fall_s=numbers.between(0.035, 0.09),
        u_mv=np.where(numbers.chance(0.15), numbers.between(0.02, 0.08), 0.0) * np.sqrt(gain) * flip,
        p_mv=p_mv,
        p_place_s=p_place_s,
        p_sigma_s=p_sigma_s,
        p_peak_s=np.take_along_axis(p_place_s, highest, axis=2)[..., 0],
        p_length_s=np.max(np.where(p_mv == 0.0, 0.0, p_place_s + outer), axis=2),
    )


def _bell(numbers: Numbers) -> Floats:
    """Nearly normal: a sum of uniform numbers."""
    return (numbers.uniform(3).sum(axis=1) - 1.5) * 2.0


def _sign(numbers: Numbers, positive: float = 0.55) -> Floats:
    return np.where(numbers.chance(positive), 1.0, -1.0)


def _draw_qtc(numbers: Numbers) -> Floats:
    kind = numbers.which((0.86, 0.09, 0.05))
    share = numbers.uniform()
    low, high = np.array([0.36, 0.46, 0.31]), np.array([0.46, 0.55, 0.36])
    return low[kind] + (high - low)[kind] * share


def _draw_t(
    numbers: Numbers, complexes: Complexes, wide: NDArray[np.bool_], gain: Floats, flip: Floats
) -> tuple[Floats, Floats, Floats]:
    """T of each form: upright, inverted, biphasic, flat or peaked; opposite to a QRS that is wide."""
    n = len(gain)
    kind = numbers.which((0.58, 0.14, 0.09, 0.09, 0.1))
    height = np.array([0.1, 0.07, 0.08, 0.0, 0.35])[kind]
    height = height + np.array([0.3, 0.23, 0.22, 0.05, 0.6])[kind] * numbers.uniform()
    sign = np.where(kind == 1, -1.0, 1.0) * np.where((kind > 1) & numbers.chance(0.3), -1.0, 1.0)
    usual = sign * flip * height * gain**0.6
    opposite = -np.sign(complexes.area_mvs) * complexes.height_mv * numbers.between(0.12, 0.45, len(Form))
    t_mv = np.where(np.ones((n, 1)), opposite, 0.0)
    normal = Form.NORMAL.value
    t_mv[:, normal] = np.where(wide, opposite[:, normal], usual)
    # A fusion beat is as far between in its T wave as in its QRS.
    t_mv[:, Form.FUSION] = 0.5 * (t_mv[:, normal] + t_mv[:, Form.VENTRICULAR])
    second = np.zeros((n, len(Form)))
    second[:, normal] = np.where((kind == 2) & ~wide, -numbers.between(0.35, 1.3), 0.0)  # noqa: PLR2004
    sigma_s = numbers.between(0.03, 0.052)
    sigma_s = np.where(kind == 4, 0.75 * sigma_s, sigma_s)  # noqa: PLR2004
    sigma_s = np.where(second[:, normal] != 0.0, 0.62 * sigma_s, sigma_s)
    widths = np.repeat(sigma_s[:, None], len(Form), axis=1)
    widths[:, 1:] = numbers.between(0.04, 0.06)[:, None]
    return t_mv, second, widths


def _draw_st(numbers: Numbers, t_mv: Floats, wide: NDArray[np.bool_], gain: Floats) -> Floats:
    """ST of each form: level in two of three, else raised or lowered; with T after a wide QRS."""
    shifted = np.where(numbers.chance(0.35), numbers.between(-0.2, 0.25), 0.0) * np.sqrt(gain)
    with_t = t_mv * numbers.between(0.1, 0.5)[:, None]
    with_t[:, Form.NORMAL] = np.where(wide, with_t[:, Form.NORMAL], shifted)
    return with_t


def _draw_p(numbers: Numbers, gain: Floats, flip: Floats) -> tuple[Floats, Floats, Floats]:
    """P from the sinus node: upright, inverted, biphasic, notched, wide, tiny or none; from elsewhere: different."""
    kind = numbers.which((0.54, 0.06, 0.09, 0.1, 0.08, 0.09, 0.04))
    inverted, biphasic, notched, broad, tiny, none = (kind == number for number in range(1, 7))
    height = np.clip(numbers.between(0.06, 0.22) * gain**0.4, 0.04, 0.35)
    height = np.where(tiny, numbers.between(0.02, 0.05), height) * np.where(none, 0.0, flip)
    sigma = numbers.between(0.015, 0.024)
    two = biphasic | notched
    gap = np.where(biphasic, numbers.between(0.034, 0.055), numbers.between(0.034, 0.05))
    ratio = np.where(biphasic, -numbers.between(0.4, 1.2), numbers.between(0.7, 1.1)) * two
    sigma = np.where(two, 0.78 * sigma, np.where(broad, 1.35 * sigma, sigma))
    height = np.where(inverted, -height, height)
    elsewhere = numbers.which((0.4, 0.35, 0.25))
    ectopic_ratio = np.where(elsewhere == 2, -numbers.between(0.5, 1.0), 0.0)  # noqa: PLR2004
    ectopic_height = np.where(elsewhere == 0, -1.0, 1.0) * flip * numbers.between(0.04, 0.2) * gain**0.4
    ectopic_sigma = numbers.between(0.012, 0.02)
    mv = np.stack(
        [
            np.stack([height, height * ratio], axis=1),
            np.stack([ectopic_height, ectopic_height * ectopic_ratio], axis=1),
        ],
        axis=1,
    )
    sigmas = np.stack([sigma, sigma, ectopic_sigma, ectopic_sigma], axis=1).reshape(-1, 2, 2)
    zero = np.zeros_like(gap)
    places = np.stack([zero, gap, zero, 2.4 * ectopic_sigma], axis=1).reshape(-1, 2, 2)
    return mv, places, sigmas

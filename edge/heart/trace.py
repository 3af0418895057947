"""Waves to samples: draws the Gaussian waves of a truth into an array, all beats of all windows at once."""

import numpy as np
from numpy.typing import NDArray

from edge.heart.draws import Floats, Samples
from edge.heart.waves import Q_WIDTH, R_WIDTH, S_WIDTH, Morphology, WaveTruth

REACHES_S = {"p": 0.112, "q": 0.048, "r": 0.068, "s": 0.060, "rising_t": 0.360, "falling_t": 0.240}
"""How far from its peak a wave is drawn: 4 widths of the widest; fixed, so no window depends on others."""
MARGIN_S = 1.0
"""Drawn beyond both ends and cut off, so that a wave may cross an edge."""


def draw_trace(beat: Morphology, waves: WaveTruth, rate_hz: float, n_samples: int) -> Samples:
    """Draw the clean signal of n windows.

    Parameters
    ----------
    beat
        Shape of the waves, n windows.
    waves
        Places and amplitudes of the waves, n windows of k beats, neighbours outside the window included;
        within a window, beats k and k + 2 must be at least 0.36 s apart.
    rate_hz, n_samples
        Of the signal.

    Returns
    -------
    Samples
        ``NDArray[float32]``, shape (n, n_samples), mV.
    """
    margin = int(np.ceil((MARGIN_S + max(REACHES_S.values())) * rate_hz))
    canvas = np.zeros((len(beat.r_mv), n_samples + 2 * margin), np.float32)
    qrs = beat.qrs_s[:, None]
    sides = (
        ("p", waves.p_peak_s, waves.p_mv, beat.p_sigma_s[:, None], (-1, 1)),
        ("q", waves.q_peak_s, waves.q_mv, Q_WIDTH * qrs, (-1, 1)),
        ("r", waves.r_peak_s, waves.r_mv, R_WIDTH * qrs, (-1, 1)),
        ("s", waves.s_peak_s, waves.s_mv, S_WIDTH * qrs, (-1, 1)),
        ("rising_t", waves.t_peak_s, waves.t_mv, beat.t_rising_sigma_s[:, None], (-1,)),
        ("falling_t", waves.t_peak_s, waves.t_mv, beat.t_falling_sigma_s[:, None], (1,)),
    )
    for name, peak_s, amplitude_mv, sigma_s, directions in sides:
        reach = int(np.ceil(REACHES_S[name] * rate_hz))
        for direction in directions:
            offsets = np.arange(-reach, 1) if direction < 0 else np.arange(1, reach + 1)
            for parity in (0, 1):
                # Of every second beat no two overlap, so that a plain indexed add loses nothing.
                beats = np.s_[:, parity::2]
                _add_gaussians(
                    canvas, peak_s[beats] * rate_hz + margin, amplitude_mv[beats], sigma_s * rate_hz, offsets
                )
    return canvas[:, margin : margin + n_samples]


def _add_gaussians(
    canvas: Samples, peak: Floats, amplitude_mv: Floats, sigma: Floats, offsets: NDArray[np.int64]
) -> None:
    """Add one side of Gaussian waves, places and widths in samples; those off the canvas are left out."""
    fits = (peak + offsets[0] >= 0) & (peak + offsets[-1] + 1 < canvas.shape[1])
    rows, columns = np.nonzero(fits)
    place = peak[rows, columns]
    whole = np.floor(place).astype(np.int64)
    steps = offsets.astype(np.float32) - (place - whole).astype(np.float32)[:, None]
    width = np.broadcast_to(sigma, peak.shape)[rows, columns]
    steps *= (np.sqrt(0.5) / width).astype(np.float32)[:, None]
    np.square(steps, out=steps)
    np.negative(steps, out=steps)
    np.exp(steps, out=steps)
    steps *= amplitude_mv[rows, columns].astype(np.float32)[:, None]
    canvas.reshape(-1)[(rows * canvas.shape[1] + whole)[:, None] + offsets] += steps

"""When the heart beats: a rate that sways at 0.1 Hz and with breathing, as a function of time without seams.

McSharry et al. 2003 (IEEE Trans Biomed Eng 50:289, ECGSYN; parameters read in ports of its code) give the
intervals between beats a spectrum of two Gaussian bands, 0.1 Hz and the respiratory rate. Here a few cosines
in each band sway the rate and a beat falls wherever its integral passes a whole number, so that any stretch
of time can be asked for by itself.
"""

from dataclasses import dataclass

import numpy as np

from edge.heart.draws import Floats, Samples
from edge.heart.traits import Traits

LF_HZ, BAND_SIGMA_HZ = 0.1, 0.01
"""Centre of the low-frequency band, and the width of both bands (ECGSYN's 0.01 Hz)."""
BAND_NODES = np.array([-1.5, -0.5, 0.4, 1.3])
"""Places of a band's cosines, in widths; unequal, so that their sum repeats only after many minutes."""
N_RHYTHM_NORMALS = 2 * BAND_NODES.size + 2


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """Rate of n hearts over time.

    Parameters
    ----------
    beats_per_s
        Shape (n,): mean rate.
    depths, frequencies_hz, phases_rad
        Shape (n, m): relative amplitude, frequency and phase of each cosine that sways the rate. The depths
        of a row sum to less than 1, so the rate is never negative.
    first_phase
        Shape (n,): place within a beat at time 0, 0 to 1.
    respiratory_hz, respiratory_phase_rad
        Shape (n,): of breathing.
    """

    beats_per_s: Floats
    depths: Floats
    frequencies_hz: Floats
    phases_rad: Floats
    first_phase: Floats
    respiratory_hz: Floats
    respiratory_phase_rad: Floats

    def beat_phase(self, time_s: Floats) -> tuple[Floats, Floats]:
        """Count the beats since time 0 at given times, and their rate.

        Parameters
        ----------
        time_s
            Shape (n, k).

        Returns
        -------
        tuple
            Beats (whole at every R peak) and beats a second, shape (n, k) each.
        """
        angular = 2.0 * np.pi * self.frequencies_hz[:, None, :]
        angle = angular * time_s[..., None] + self.phases_rad[:, None, :]
        depths = self.depths[:, None, :]
        swayed_s = (depths / angular * (np.sin(angle) - np.sin(self.phases_rad[:, None, :]))).sum(-1)
        rate = self.beats_per_s[:, None]
        return self.first_phase[:, None] + rate * (time_s + swayed_s), rate * (1.0 + (depths * np.cos(angle)).sum(-1))

    def r_peaks_s(self, start_s: float, duration_s: float) -> Floats:
        """Find all R peaks of a stretch.

        Parameters
        ----------
        start_s, duration_s
            The stretch.

        Returns
        -------
        Floats
            Shape (n, k): s since time 0, ascending, NaN after a row's last beat.
        """
        edges, _ = self.beat_phase(np.tile([start_s, start_s + duration_s], (len(self.beats_per_s), 1)))
        first = np.ceil(edges[:, :1])
        beats = first + np.arange(int((edges[:, 1] - first[:, 0]).max(initial=0.0)) + 1)
        time_s = (beats - self.first_phase[:, None]) / self.beats_per_s[:, None]
        for _ in range(8):
            reached, rate = self.beat_phase(time_s)
            time_s = time_s - (reached - beats) / rate
        return np.where(beats < edges[:, 1:], time_s, np.nan)

    def respiration(self, time_s: Floats) -> Floats:
        """Give the breathing at given times, -1 to 1; shape (n, k) as `time_s`."""
        return np.sin(2.0 * np.pi * self.respiratory_hz[:, None] * time_s + self.respiratory_phase_rad[:, None])


def draw_rhythm(traits: Traits, numbers: Samples) -> Rhythm:
    """Draw the rhythm of n windows or streams.

    Parameters
    ----------
    traits
        Of n subjects.
    numbers
        Shape (n, N_RHYTHM_NORMALS): standard normal.

    Returns
    -------
    Rhythm
        With the traits' mean rate and spread of intervals.
    """
    n = len(traits)
    # Phases of any spread far over a turn are even over the turn.
    turns = 100.0 * numbers.astype(np.float64) % 1.0
    weight = np.exp(-0.5 * BAND_NODES**2)
    weight = np.sqrt(2.0) * weight / np.linalg.norm(weight)
    spread = traits.sdnn_ms * 1e-3 * traits.heart_rate_bpm / 60.0
    lf_share = traits.lf_hf / (1.0 + traits.lf_hf)
    bands = np.sqrt(np.stack([lf_share, 1.0 - lf_share], axis=1)) * spread[:, None]
    centres = np.stack([np.full(n, LF_HZ), traits.respiratory_hz], axis=1)
    return Rhythm(
        beats_per_s=traits.heart_rate_bpm / 60.0,
        depths=(bands[:, :, None] * weight).reshape(n, -1),
        frequencies_hz=(centres[:, :, None] + BAND_SIGMA_HZ * BAND_NODES).reshape(n, -1),
        phases_rad=2.0 * np.pi * turns[:, 2:],
        first_phase=turns[:, 0],
        respiratory_hz=traits.respiratory_hz,
        respiratory_phase_rad=2.0 * np.pi * turns[:, 1],
    )

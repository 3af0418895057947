"""The synthetic heart: windows of ECG with the truth of every wave and of the blood behind them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from edge.heart.draws import Floats, Keys, Purpose, Samples, normals
from edge.heart.labs import Labs, draw_labs
from edge.heart.noise import SILENT, PatchNoise, lose_contact, n_noise_normals, patch_noise
from edge.heart.rhythm import N_RHYTHM_NORMALS, draw_rhythm
from edge.heart.trace import MARGIN_S, draw_trace
from edge.heart.traits import Traits, draw_traits
from edge.heart.waves import WaveTruth, morphology, place_waves

RATE_HZ, DURATION_S = 500.0, 10.0
"""Defaults: the windows ECGFounder reads."""
MAX_RATE_HZ = 3.5
"""Beats a second that the columns of a truth have room for."""
_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """n windows and all that is true of them.

    Parameters
    ----------
    millivolts
        ``NDArray[float32]``, shape (n, n_samples), mV: what a wearable would measure.
    clean_millivolts
        The same without noise.
    rate_hz
        Of the samples.
    truth
        Every wave of ``clean_millivolts``.
    lost_s
        Shape (n, 2): where contact is lost, s from the first sample; NaN where it is not.
    keys
        ``NDArray[int64]``, shape (n, 3): subject, blood draw, index of the window.
    traits, labs
        Of each window.
    """

    millivolts: Samples
    clean_millivolts: Samples
    rate_hz: float
    truth: WaveTruth
    lost_s: Floats
    keys: Keys
    traits: Traits
    labs: Labs

    @property
    def snr_db(self) -> Floats:
        """Signal to noise of each window, shape (n,), dB.

        Infinite without noise, meaningless where contact is lost. As the MIT-BIH noise stress test database
        counts it (textbook knowledge): an eighth of the squared peak-to-peak height of QRS over the variance
        of the noise.
        """
        with np.errstate(divide="ignore"):
            return _snr_db(self.truth, self.millivolts - self.clean_millivolts)


@dataclass(frozen=True, slots=True)
class Heart:
    """All the subjects of a seed.

    Parameters
    ----------
    seed
        Not negative. Two hearts of one seed agree in every sample.
    """

    seed: int = 0

    def traits(self, subjects: Keys) -> Traits:
        """Traits of subjects, numbers from 0 on; shape (n,)."""
        return draw_traits(self.seed, subjects)

    def labs(self, draws: Keys) -> Labs:
        """Laboratory values of blood draws, ``NDArray[int64]``, shape (n, 2): subject and draw."""
        return draw_labs(self.seed, draws)

    def windows(
        self,
        keys: Keys,
        *,
        noise: PatchNoise = SILENT,
        snr_db: float | None = None,
        labs: Labs | None = None,
        rate_hz: float = RATE_HZ,
        duration_s: float = DURATION_S,
    ) -> Windows:
        """Windows of the given subjects, draws and indices.

        Parameters
        ----------
        keys
            ``NDArray[int64]``, shape (n, 3), not negative: subject, blood draw, index. A window depends on
            its own key and the seed alone, not on the others asked for with it.
        noise
            What the patch adds; changes no wave.
        snr_db
            Scale each window's noise, as a whole, to this `Windows.snr_db`; None leaves the levels as they
            are.
        labs
            Values to take in place of those the draws have, shape (n,): the same hearts with other blood.
        rate_hz, duration_s
            Of each window.

        Returns
        -------
        Windows
            In the order of the keys.
        """
        traits = self._state(keys)
        labs = labs if labs is not None else self.labs(keys[:, :2])
        n_samples = round(duration_s * rate_hz)
        rhythm = draw_rhythm(traits, normals(self.seed, Purpose.RHYTHM, keys, N_RHYTHM_NORMALS))
        r_peaks_s = rhythm.r_peaks_s(-MARGIN_S, duration_s + 2 * MARGIN_S)
        beat = morphology(traits, labs)
        gain = 1.0 + traits.respiratory_modulation[:, None] * rhythm.respiration(r_peaks_s)
        waves = place_waves(beat, r_peaks_s, gain)
        clean = draw_trace(beat, waves, rate_hz, n_samples)
        truth = waves.within(0.0, duration_s, int(np.ceil(MAX_RATE_HZ * duration_s)))
        added, lost_s = self._noise(keys, noise, rate_hz, n_samples)
        if snr_db is not None:
            added *= 10.0 ** ((_snr_db(truth, added) - snr_db) / 20.0)[:, None].astype(np.float32)
        added += clean
        lose_contact(added, lost_s, rate_hz)
        return Windows(added, clean, rate_hz, truth, lost_s, keys, traits, labs)

    def batches(self, keys: Keys, *, noise: PatchNoise = SILENT, size: int = _BATCH) -> Iterator[Windows]:
        """Give windows as `windows` does, `size` at a time: for more of them than memory holds."""
        for start in range(0, len(keys), size):
            yield self.windows(keys[start : start + size], noise=noise)

    def _state(self, keys: Keys) -> Traits:
        """Look up each window's subject, swayed a little from draw to draw: rate, T, QT, the patch's place."""
        subjects, rows = np.unique(keys[:, 0], return_inverse=True)
        traits = self.traits(subjects).take(rows)
        sway = normals(self.seed, Purpose.DRAW_STATE, keys[:, :2], 4).astype(np.float64)
        return replace(
            traits,
            heart_rate_bpm=np.clip(traits.heart_rate_bpm * np.exp(0.08 * sway[:, 0]), 42.0, 125.0),
            t_mv=traits.t_mv * np.exp(0.06 * sway[:, 1]),
            lead_angle_deg=traits.lead_angle_deg + 3.0 * sway[:, 2],
            qtc_ms=traits.qtc_ms + 3.0 * sway[:, 3],
        )

    def _noise(self, keys: Keys, noise: PatchNoise, rate_hz: float, n_samples: int) -> tuple[Samples, Floats]:
        if noise == SILENT:
            return np.zeros((len(keys), n_samples), np.float32), np.full((len(keys), 2), np.nan)
        numbers = normals(self.seed, Purpose.NOISE, keys, n_noise_normals(n_samples))
        return patch_noise(noise, numbers, rate_hz, n_samples)


def _snr_db(truth: WaveTruth, noise_mv: Samples) -> Floats:
    swing_mv = np.nanmean(truth.r_mv - truth.s_mv, axis=1)
    power = np.var(noise_mv, axis=1, dtype=np.float64)
    return np.asarray(10.0 * np.log10(swing_mv**2 / 8.0 / power), np.float64)

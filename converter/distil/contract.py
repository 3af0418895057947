"""What the student reads: few samples, and steps that integers on a microcontroller do."""

from typing import Final

from edge.preprocess import Bandpass, Preprocessing, ZScore

PATCH: Final = Preprocessing(rate_hz=125.0, window_samples=1250, steps=(Bandpass(0.67, 40.0, 2), ZScore(1e-8)))
"""Ten seconds at 125 Hz: ECGFounder's band and scale, without its notch (50 Hz lies beyond the band) and its median."""

"""Measurements as tests of screens and stores need them."""

from edge.waves.figures import Figure, Measurements, Withheld
from edge.waves.marks import Rhythm

_NONE = Figure(None, None, 0, Withheld.NO_P)


def figure(value):
    return Figure(value, 2.0, 11)


MEASURED = Measurements(
    heart_rate_bpm=figure(72.3),
    sdnn_ms=figure(38.0),
    rmssd_ms=figure(31.0),
    pr_ms=figure(160.4),
    qrs_ms=figure(92.0),
    qt_ms=figure(380.0),
    qtc_bazett_ms=figure(417.0),
    qtc_fridericia_ms=figure(404.2),
    qtc_framingham_ms=figure(406.0),
    p_mv=figure(0.12),
    t_mv=figure(0.31),
    st_mv=figure(0.01),
    rhythm=Rhythm.SINUS,
    rhythm_probability=(0.9, 0.04, 0.06),
    beats={"N": 10, "V": 2},
)
"""A heart in sinus rhythm with two ventricular beats."""

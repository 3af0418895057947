"""What the laws are tried on."""

import numpy as np
from hypothesis import strategies as st

from ble_gateway.wearables import heart_rate as hr
from ble_gateway.wearables import polar_pmd as h10

ecg_frames = st.builds(
    lambda timestamp_ns, samples: h10.EcgFrame(timestamp_ns, np.array(samples, np.int32)),
    st.integers(0, 2**64 - 1),
    st.lists(st.integers(-(2**23), 2**23 - 1), min_size=1, max_size=h10.MAX_SAMPLES),
)
words = st.lists(st.integers(0, 0xFFFF), max_size=9).map(tuple)
settings = st.builds(
    h10.Settings,
    rates_hz=words,
    resolutions_bits=words,
    ranges=words,
    channels=st.lists(st.integers(0, 0xFF), max_size=9).map(tuple),
)
control_packets = st.one_of(
    st.builds(
        h10.Response,
        opcode=st.integers(0, 255),
        measurement=st.integers(0, 0x3F),
        status=st.sampled_from(h10.Status),
        more=st.booleans(),
        parameters=st.binary(max_size=40),
    ),
    st.builds(h10.Stopped, st.lists(st.integers(0, 0x3F), min_size=1, max_size=9).map(tuple)),
)
heart_rates = st.builds(
    hr.HeartRateMeasurement,
    bpm=st.integers(0, 0xFFFF),
    contact=st.sampled_from([None, False, True]),
    energy_kj=st.none() | st.integers(0, 0xFFFF),
    rr_1024=words,
)
hostile_bytes = st.one_of(
    st.binary(max_size=600),
    # Likely to pass the first checks: a true header with anything behind it.
    st.tuples(
        st.sampled_from([b"\x00", b"\x02", b"\xf0\x01\x00\x00\x00", b"\xf0", b"\x01", b"\x0f", b"\x10", b"\x19"]),
        st.binary(max_size=600),
    ).map(b"".join),
)

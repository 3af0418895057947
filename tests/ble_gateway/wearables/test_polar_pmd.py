import json
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.errors import FrameError, GatewayFault
from ble_gateway.wearables import polar_pmd as h10
from tests.ble_gateway.places import GOLDEN, vendor_vectors
from tests.ble_gateway.strategies import control_packets, ecg_frames, hostile_bytes, settings

GOLDEN_VECTORS = json.loads((GOLDEN / "polar_h10.json").read_text())


def _packet_fields(packet):
    match packet:
        case h10.Response():
            return {
                "opcode": packet.opcode,
                "measurement": packet.measurement,
                "status": packet.status.name,
                "more": packet.more,
                "parameters": packet.parameters.hex(" "),
            }
        case h10.Stopped():
            return {"stopped": list(packet.measurements)}


@pytest.mark.parametrize("vector", GOLDEN_VECTORS["ecg_frames"], ids=lambda vector: vector["name"])
def test_ecg_frames_are_the_golden_bytes_both_ways(vector):
    frame = h10.decode_ecg(bytes.fromhex(vector["hex"]))
    assert (frame.timestamp_ns, frame.microvolts.tolist()) == (vector["timestamp_ns"], vector["microvolts"])
    assert h10.encode_ecg(frame).hex(" ") == vector["hex"]


@pytest.mark.parametrize("vector", GOLDEN_VECTORS["control"], ids=lambda vector: vector["name"])
def test_control_packets_are_the_golden_bytes_both_ways(vector):
    packet = h10.decode_control(bytes.fromhex(vector["hex"]))
    assert _packet_fields(packet) == vector["packet"]
    assert h10.encode_control(packet).hex(" ") == vector["hex"]


def test_commands_are_the_golden_bytes():
    commands = {"ask_settings": h10.ask_settings(), "start": h10.start_ecg(), "stop": h10.stop_ecg()}
    assert {name: command.hex(" ") for name, command in commands.items()} == GOLDEN_VECTORS["commands"]


def test_features_are_the_golden_bytes_both_ways():
    vector = GOLDEN_VECTORS["features"]
    features = h10.decode_features(bytes.fromhex(vector["hex"]))
    assert [feature.name for feature in features] == vector["features"]
    assert h10.encode_features(features).hex(" ") == vector["hex"]


@given(ecg_frames)
def test_an_ecg_frame_is_read_as_it_was_written(frame):
    read = h10.decode_ecg(h10.encode_ecg(frame))
    assert read.timestamp_ns == frame.timestamp_ns
    np.testing.assert_array_equal(read.microvolts, frame.microvolts)


@given(control_packets)
def test_a_control_packet_is_read_as_it_was_written(packet):
    assert h10.decode_control(h10.encode_control(packet)) == packet


@given(settings)
def test_settings_are_read_as_they_were_written(offered):
    assert h10.decode_settings(h10.encode_settings(offered)) == offered


@pytest.mark.parametrize(
    "decode",
    [h10.decode_ecg, h10.decode_control, h10.decode_settings, h10.decode_features],
    ids=lambda decode: decode.__name__,
)
@given(value=hostile_bytes)
def test_any_bytes_are_read_or_refused(decode, value):
    with suppress(FrameError):
        decode(value)


@given(ecg_frames, st.data())
def test_a_frame_cut_inside_a_sample_is_refused(frame, data):
    written = h10.encode_ecg(frame)
    kept = data.draw(st.integers(0, len(written) - 1).filter(lambda n: n <= 10 or (n - 10) % 3))
    with pytest.raises(FrameError):
        h10.decode_ecg(written[:kept])


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (bytes(513), "11 to 512 bytes"),
        (b"\x02" + bytes(15), "measurement 2"),
        (bytes(9) + b"\x80" + bytes(3), "compressed"),
        (bytes(9) + b"\x03" + bytes(7), "type 3"),
    ],
)
def test_what_is_no_ecg_of_an_h10_is_refused_with_the_reason(value, says):
    with pytest.raises(FrameError, match=says):
        h10.decode_ecg(value)


def test_a_refusal_carries_the_bytes_and_a_reason():
    with pytest.raises(FrameError, match="3 bytes, beginning 00 01 02") as refusal:
        h10.decode_ecg(bytes([0, 1, 2]))
    assert (refusal.value.fault, refusal.value.frame) == (GatewayFault.BAD_FRAME, bytes([0, 1, 2]))


def test_a_setting_that_claims_more_values_than_there_are_is_refused():
    with pytest.raises(FrameError, match="claims 255 values"):
        h10.decode_settings(bytes.fromhex("00 ff 82 00"))


@pytest.mark.parametrize(("timestamp_ns", "microvolts"), [(-1, [0]), (0, []), (0, [1 << 23]), (0, [-(1 << 23) - 1])])
def test_a_frame_that_cannot_be_written_does_not_exist(timestamp_ns, microvolts):
    with pytest.raises(ValueError, match=r"must fit|a frame holds|24 signed bits"):
        h10.EcgFrame(timestamp_ns, np.array(microvolts, np.int32))


def test_the_vendors_ecg_frame_is_read_as_the_vendor_reads_it():
    vector = vendor_vectors("polar_pmd_vectors.json")["ecg_frames"][0]
    frame = h10.decode_ecg(bytes.fromhex(vector["hex"]))
    assert (frame.timestamp_ns, frame.microvolts.tolist()) == (vector["timestamp_ns"], vector["samples_uV"])


def test_the_vendors_frames_of_other_devices_are_refused():
    for vector in vendor_vectors("polar_pmd_vectors.json")["ecg_frames"][1:]:
        with pytest.raises(FrameError, match="not of the H10"):
            h10.decode_ecg(bytes.fromhex(vector["hex"]))


def test_the_vendors_settings_are_read_as_the_vendor_reads_them():
    vector = vendor_vectors("polar_pmd_vectors.json")["settings"][0]
    read = h10.decode_settings(bytes.fromhex(vector["hex"]))
    assert read == h10.Settings(*(tuple(vector[k]) for k in ("sample_rate", "resolution", "range", "channels")))


def test_the_vendors_response_is_read_as_the_vendor_reads_it():
    vector = vendor_vectors("polar_pmd_vectors.json")["control_point_responses"][0]
    assert h10.decode_control(bytes.fromhex(vector["hex"])) == h10.Response(
        opcode=vector["opcode"],
        measurement=vector["type"],
        status=h10.Status(vector["status"]),
        more=vector["more"],
        parameters=bytes.fromhex(vector["params"]),
    )

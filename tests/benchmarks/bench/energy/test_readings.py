import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.energy.errors import EnergyError, EnergyFault
from benchmarks.bench.energy.opening import open_meter
from benchmarks.bench.energy.readings import FileMeter, readings_of

BEGAN_S = 1_796_000_000.0


class Day:
    """A time of day that is moved by hand."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def measured(file, *, offset_s=0.0, duration_s=2.0):
    day = Day(BEGAN_S)
    with FileMeter(file, offset_s=offset_s, now_s=day, patience_s=0.0) as meter:
        meter.start()
        day.now_s += duration_s
        return meter.stop()


@given(st.lists(st.tuples(st.floats(0, 2e9), st.floats(-5, 500)), max_size=20, unique_by=lambda pair: pair[0]))
def test_csv_with_unix_times_and_json_with_the_same_say_the_same(pairs):
    as_csv = "time_s,watts\n" + "".join(f"{time_s!r},{watts!r}\n" for time_s, watts in pairs)
    as_json = json.dumps([{"time_s": time_s, "watts": watts} for time_s, watts in pairs])
    assert readings_of(as_csv, "a") == readings_of(as_json, "b")
    assert [(r.time_s, r.watts) for r in readings_of(as_csv, "a")] == sorted(pairs)


def test_iso_times_are_understood_with_a_zone_and_are_utc_without():
    rows = [{"time": "2026-11-29T00:00:00Z", "watts": 1}, {"time": "2026-11-29T02:00:01+02:00", "watts": 1}]
    rows += [{"time": "2026-11-29T00:00:02", "watts": 1}]
    times_s = [reading.time_s for reading in readings_of(json.dumps(rows), "a")]
    midnight_s = datetime(2026, 11, 29, tzinfo=UTC).timestamp()
    assert times_s == [midnight_s, midnight_s + 1, midnight_s + 2]


def test_readings_are_aligned_to_the_time_of_day(tmp_path):
    file = tmp_path / "readings.csv"
    rows = [(BEGAN_S - 1 + i / 10, 2.0 if i < 10 else 3.0) for i in range(50)]
    file.write_text("note,time_s,watts\n" + "".join(f"x,{time_s},{watts}\n" for time_s, watts in rows))
    assert measured(file).joules == pytest.approx(6.0)


def test_a_clock_that_counts_from_switching_on_needs_an_offset_and_the_error_says_how(tmp_path):
    file = tmp_path / "readings.csv"
    file.write_text("time_s,watts\n" + "".join(f"{i / 10},4.0\n" for i in range(100)))
    with pytest.raises(EnergyError, match="offset=SECONDS") as refused:
        measured(file)
    assert refused.value.fault is EnergyFault.NOT_COVERED
    assert measured(file, offset_s=BEGAN_S - 1.0).watts == pytest.approx(4.0)


def test_readings_that_end_too_early_are_refused_with_both_times(tmp_path):
    file = tmp_path / "readings.csv"
    file.write_text("time_s,watts\n" + "".join(f"{BEGAN_S - 1 + i / 10},4.0\n" for i in range(20)))
    with pytest.raises(EnergyError, match=r"reaches from 2026-.*Z to 2026-.*Z, and what was measured from") as refused:
        measured(file)
    assert refused.value.fault is EnergyFault.NOT_COVERED


def test_a_file_that_is_written_while_the_interval_lasts_may_begin_empty(tmp_path):
    file, day = tmp_path / "readings.csv", Day(BEGAN_S)
    file.write_text("time_s,watts\n")
    with FileMeter(file, now_s=day, patience_s=0.0) as meter:
        assert meter.shortest_s == 1.0
        meter.start()
        day.now_s += 1.0
        file.write_text("time_s,watts\n" + "".join(f"{BEGAN_S - 1 + i / 10},4.0\n" for i in range(40)))
        assert meter.stop().joules == pytest.approx(4.0)
        assert meter.shortest_s == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("time_s,watts\n1,2\nnow,3\n", "reading 2 has no time"),
        ("time_s,watts\n1,\n", "reading 1 has no time or no power"),
        ("seconds,power\n1,2\n", "neither"),
        ("time_s,watts\n1,inf\n", "not finite"),
        ("[1, 2]", "reading 1 is no object"),
        ("[{", "no JSON"),
        ('[{"time": "yesterday", "watts": 1}]', "reading 1 has no time"),
        ('[{"time": 5, "watts": 1}]', "reading 1 has no time"),
    ],
)
def test_a_file_of_another_form_is_refused_with_the_row(content, said):
    with pytest.raises(EnergyError, match=said) as refused:
        readings_of(content, "readings")
    assert refused.value.fault is EnergyFault.NONSENSE


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(EnergyError, match="cannot be read"):
        open_meter(f"file:{tmp_path / 'none.csv'}")
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(EnergyError, match="no text"):
        open_meter(f"file:{tmp_path / 'picture.csv'}")


def test_an_offset_is_read_off_the_name(tmp_path):
    (tmp_path / "r.csv").write_text("time_s,watts\n")
    with open_meter(f"file:{tmp_path / 'r.csv'},offset=-2.5") as meter:
        assert meter.source == "readings in r.csv, its clock moved by -2.5 s"


@pytest.mark.parametrize(
    "asked",
    ["", "rapl:0", "watt", "file:", "file:a,offset=x", "um25c:", "ina219:/dev/i2c-1:x:0.1", "ina219:/dev/i2c-1:0x80",
     "ina226:a:0x40:0.1:b"],
)  # fmt: skip
def test_a_name_that_is_no_meters_is_refused_with_those_that_are(asked):
    with pytest.raises(EnergyError, match="um25c:/dev/rfcomm0") as refused:
        open_meter(asked)
    assert refused.value.fault is EnergyFault.UNKNOWN_METER


def test_auto_takes_what_the_kernel_has_and_says_when_there_is_nothing(tmp_path):
    with pytest.raises(EnergyError, match="nothing here measures energy") as refused:
        open_meter("auto", powercap=tmp_path, hwmon=tmp_path)
    assert refused.value.fault is EnergyFault.NO_METER
    (tmp_path / "hwmon0").mkdir()
    (tmp_path / "hwmon0" / "name").write_text("ina226\n")
    (tmp_path / "hwmon0" / "power1_input").write_text("1000000\n")
    with open_meter("auto", powercap=tmp_path, hwmon=tmp_path) as meter:
        assert meter.source.startswith("ina226 by the kernel")

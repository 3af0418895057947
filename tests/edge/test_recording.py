"""Recordings of every format, whole and broken."""

import sys
from datetime import UTC, date, datetime, time

import edfio
import numpy as np
import pytest
import wfdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import edge.recording
from edge.errors import RecordingError, RecordingFault
from edge.recording import open_recording
from edge.signal import GapReason

COUNTS = np.random.default_rng(0).integers(-2000, 2000, 3600).astype(np.int32)


def played(recording, n_samples=None):
    """All counts, where each stands, and the gaps."""
    blocks = list(recording.blocks(n_samples))
    end_index = 0
    for block in blocks:
        block.follows(end_index)
        end_index = block.end_index
    counts = np.concatenate([b.counts for b in blocks])
    places = np.concatenate([np.arange(b.first_index, b.end_index) for b in blocks])
    return counts, places, [(b.gap_before.first_index, b.gap_before.n_samples) for b in blocks if b.gap_before]


def millivolts(recording):
    return np.concatenate([b.scale.millivolts(b.counts) for b in recording.blocks()])


def fault_of(path, channel=None, rate_hz=None):
    """Why the recording cannot be opened, or not be played to its end."""
    with pytest.raises(RecordingError) as caught:
        list(open_recording(path, channel, rate_hz).blocks())
    return caught.value.fault


def write_wfdb(
    folder, counts=COUNTS, *, fmt="16", gain=200.0, baseline=0, units="mV", names=("V5", "MLII"), rate_hz=360.0
):
    signals = np.column_stack([np.zeros(len(counts), np.int64), counts])
    wfdb.wrsamp(
        "rec",
        fs=rate_hz,
        units=[units] * 2,
        sig_name=list(names),
        d_signal=signals,
        fmt=[fmt] * 2,
        adc_gain=[gain] * 2,
        baseline=[baseline] * 2,
        write_dir=str(folder),
    )
    return folder / "rec"


def write_edf(path, *, physical_range=(-3.2768, 3.2767), unit="mV", labels=("ECG I", "ECG II"), **facts):
    signals = [
        edfio.EdfSignal.from_digital(
            np.roll(COUNTS, i).astype(np.int16),
            sampling_frequency=360,
            label=label,
            physical_dimension=unit,
            physical_range=physical_range,
            digital_range=(-32768, 32767),
        )
        for i, label in enumerate(labels)
    ]
    edfio.Edf(signals, **facts).write(path)
    return path


def write_table(path, text):
    path.write_text(text, encoding="utf-8")
    return path


# WFDB


@pytest.mark.parametrize("fmt", ["16", "212", "24", "32"])
@pytest.mark.parametrize("n_samples", [None, 1, 77, 100_000])
def test_a_wfdb_record_plays_its_counts_however_it_is_read(tmp_path, fmt, n_samples):
    counts = COUNTS[:400] if n_samples == 1 else COUNTS
    played_counts, _, gaps = played(open_recording(write_wfdb(tmp_path, counts, fmt=fmt)), n_samples)
    assert (played_counts.tolist(), gaps) == (counts.tolist(), [])


def test_a_wfdb_record_has_the_gain_and_baseline_of_its_header(tmp_path):
    record = write_wfdb(tmp_path, gain=400.0, baseline=17)
    np.testing.assert_allclose(millivolts(open_recording(record)), (COUNTS - 17) / 400.0)


def test_a_wfdb_record_in_microvolts_becomes_millivolts(tmp_path):
    record = write_wfdb(tmp_path, gain=0.2, units="uV")
    np.testing.assert_allclose(millivolts(open_recording(record)), COUNTS / 200.0)


@pytest.mark.parametrize("suffix", ["", ".hea", ".dat"])
def test_a_wfdb_record_is_found_by_its_name_its_header_or_its_signals(tmp_path, suffix):
    write_wfdb(tmp_path)
    assert open_recording(tmp_path / f"rec{suffix}").n_samples == 3600


def test_a_wfdb_record_may_have_a_dot_in_its_name(tmp_path):
    write_wfdb(tmp_path).with_suffix(".hea").rename(tmp_path / "rec.v2.hea")
    assert open_recording(tmp_path / "rec.v2").n_samples == 3600


def test_unmeasured_samples_of_a_wfdb_record_are_gaps(tmp_path):
    counts = COUNTS.copy()
    counts[100:150] = -32768
    counts[700] = -32768
    played_counts, places, gaps = played(open_recording(write_wfdb(tmp_path, counts)), 130)
    assert gaps == [(100, 50), (700, 1)]
    np.testing.assert_array_equal(played_counts, counts[places])


def test_gaps_say_that_their_samples_were_not_measured(tmp_path):
    counts = COUNTS.copy()
    counts[100:150] = -32768
    [gap] = [b.gap_before for b in open_recording(write_wfdb(tmp_path, counts)).blocks() if b.gap_before]
    assert gap.reason is GapReason.INVALID_SAMPLES


def test_a_channel_that_was_never_measured_is_named(tmp_path):
    record = write_wfdb(tmp_path, np.full(3600, -32768))
    with pytest.raises(RecordingError, match="no sample of MLII in rec was measured") as caught:
        list(open_recording(record).blocks())
    assert caught.value.fault is RecordingFault.NO_VALID_SAMPLES


@pytest.mark.parametrize(
    ("names", "taken"), [(("V5", "MLII"), "MLII"), (("I", "II"), "II"), (("V1", "V5"), "V1"), (("v5", "mlii"), "mlii")]
)
def test_without_a_channel_the_one_a_reader_of_ecg_would_take_is_taken(tmp_path, names, taken):
    assert open_recording(write_wfdb(tmp_path, names=names)).channel == taken


def test_a_channel_is_found_whatever_its_case(tmp_path):
    assert open_recording(write_wfdb(tmp_path), "v5").channel == "V5"


def test_a_channel_that_does_not_exist_is_refused_with_those_that_do(tmp_path):
    with pytest.raises(RecordingError, match="no channel V9 in volts - its channels are: V5, MLII") as caught:
        open_recording(write_wfdb(tmp_path), "V9")
    assert caught.value.fault is RecordingFault.NO_SUCH_CHANNEL


def test_a_channel_that_is_no_voltage_is_refused(tmp_path):
    assert fault_of(write_wfdb(tmp_path, units="mmHg"), "MLII") is RecordingFault.NO_SUCH_CHANNEL


def test_a_record_without_any_voltage_is_refused(tmp_path):
    assert fault_of(write_wfdb(tmp_path, units="mmHg")) is RecordingFault.NO_SUCH_CHANNEL


def header_with(record, **changes):
    """The record with words of its header's first line changed: rate is the third, length the fourth."""
    header = record.with_suffix(".hea")
    first, *rest = header.read_text().splitlines()
    words = first.split()
    for place, word in changes.items():
        words[int(place[1:])] = word
    header.write_text("\n".join([" ".join(words), *rest]) + "\n")
    return record


@pytest.mark.parametrize("rate", ["0", "0.0", "5", "1e9"])
def test_a_header_with_a_rate_no_ecg_has_is_refused(tmp_path, rate):
    assert fault_of(header_with(write_wfdb(tmp_path), _2=rate)) is RecordingFault.BAD_RATE


@pytest.mark.parametrize("rate", ["0.001", "1e-30", "1e30", "5"])
def test_a_rate_no_ecg_has_is_refused_for_a_table_too(tmp_path, rate):
    table = write_table(tmp_path / "a.csv", "ecg\n1\n2\n3\n")
    assert fault_of(table, rate_hz=float(rate)) is RecordingFault.BAD_RATE


def test_a_record_whose_signal_file_is_missing_is_unreadable(tmp_path):
    record = write_wfdb(tmp_path)
    record.with_suffix(".dat").unlink()
    assert fault_of(record) is RecordingFault.UNREADABLE


def test_a_record_whose_signal_file_is_cut_short_is_unreadable(tmp_path):
    record = write_wfdb(tmp_path)
    data = record.with_suffix(".dat")
    data.write_bytes(data.read_bytes()[:5000])
    assert fault_of(record) is RecordingFault.UNREADABLE


def test_a_record_without_samples_is_refused(tmp_path):
    record = header_with(write_wfdb(tmp_path), _3="0")
    record.with_suffix(".dat").write_bytes(b"")
    assert fault_of(record) in {RecordingFault.EMPTY, RecordingFault.UNREADABLE}


def test_a_record_that_states_its_time_begins_then(tmp_path):
    record = write_wfdb(tmp_path)
    header = record.with_suffix(".hea")
    header.write_text(header.read_text().replace(" 3600\n", " 3600 10:30:00 01/02/2020\n", 1))
    assert open_recording(record).start_s == datetime(2020, 2, 1, 10, 30, tzinfo=UTC).timestamp()


def test_a_part_of_a_record_ends_when_asked(tmp_path):
    blocks = list(open_recording(write_wfdb(tmp_path)).blocks(limit_s=2.5))
    assert blocks[-1].end_index == 900


def test_sample_times_follow_the_rate(tmp_path):
    blocks = list(open_recording(write_wfdb(tmp_path)).blocks())
    assert [(b.start_s, b.period_s, b.rate_hz) for b in blocks] == [(float(i), 1 / 360, 360.0) for i in range(10)]


def test_a_real_record_plays_as_wfdb_reads_it(data_dir):
    record = data_dir / "mitdb" / "119"
    expected = wfdb.rdrecord(str(record), sampto=36_000, channel_names=["MLII"]).p_signal[:, 0]
    recording = open_recording(record)
    parts = [b.scale.millivolts(b.counts) for b in recording.blocks(limit_s=100.0)]
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-9)


def test_a_real_record_of_many_segments_plays_as_wfdb_reads_it(data_dir):
    record = data_dir / "wfdb_sample" / "041s" / "041s"
    if not record.with_suffix(".hea").is_file():
        pytest.skip(f"{record} is absent")
    recording = open_recording(record)
    expected = wfdb.rdrecord(str(record), channel_names=[recording.channel]).p_signal[:, 0]
    counts, places, _ = played(recording)
    np.testing.assert_allclose(recording.scale.millivolts(counts), expected[places], atol=1e-4)
    assert np.isnan(np.delete(expected, places)).all()


# EDF


def test_an_edf_file_plays_its_counts(tmp_path):
    counts, _, gaps = played(open_recording(write_edf(tmp_path / "a.edf"), "ECG I"))
    assert (counts.tolist(), gaps) == (COUNTS.tolist(), [])


@pytest.mark.parametrize(("unit", "factor"), [("mV", 1.0), ("uV", 1e-3), ("V", 1e3)])
def test_an_edf_file_is_scaled_by_its_physical_range(tmp_path, unit, factor):
    path = write_edf(tmp_path / "a.edf", physical_range=(-100, 300), unit=unit)
    expected = ((COUNTS.astype(float) + 32768) / 65535 * 400 - 100) * factor
    np.testing.assert_allclose(millivolts(open_recording(path, "ECG I")), expected, rtol=1e-9, atol=1e-9)


def test_an_edf_file_knows_the_rails_of_its_converter(tmp_path):
    assert open_recording(write_edf(tmp_path / "a.edf")).scale.rails == (-32768, 32767)


@pytest.mark.parametrize("keep", [500, 5000, -720, -1])
def test_an_edf_file_cut_short_is_unreadable(tmp_path, keep):
    path = write_edf(tmp_path / "a.edf")
    path.write_bytes(path.read_bytes()[:keep])
    assert fault_of(path) is RecordingFault.UNREADABLE


def test_an_edf_file_whose_recorder_never_wrote_the_length_plays(tmp_path):
    path = write_edf(tmp_path / "a.edf")
    content = bytearray(path.read_bytes())
    content[236:244] = b"-1      "
    path.write_bytes(content)
    assert open_recording(path).n_samples == 3600


def test_a_discontinuous_edf_file_is_refused(tmp_path):
    path = write_edf(tmp_path / "a.edf", annotations=[edfio.EdfAnnotation(0, None, "begin")])
    content = path.read_bytes()
    assert content.count(b"+5\x14\x14") == 1
    path.write_bytes(content.replace(b"+5\x14\x14", b"+7\x14\x14"))  # two seconds missing before the sixth record
    with pytest.raises(RecordingError, match=r"is a discontinuous EDF\+ file - split it"):
        open_recording(path)


def test_an_edf_file_that_states_its_time_begins_then(tmp_path):
    path = write_edf(tmp_path / "a.edf", recording=edfio.Recording(startdate=date(2020, 2, 1)), starttime=time(10, 30))
    assert open_recording(path).start_s == datetime(2020, 2, 1, 10, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(("lowest", "highest"), [((5.0), (5.0)), ((0.0), (0.0))])
def test_an_edf_file_whose_range_is_empty_is_unreadable(tmp_path, lowest, highest):
    path = write_edf(tmp_path / "a.edf")
    content = bytearray(path.read_bytes())
    n_signals, at = 2, 256 + 2 * (16 + 80 + 8)
    for i in range(n_signals):
        content[at + 8 * i : at + 8 * i + 8] = f"{lowest:<8g}".encode()
        content[at + 8 * (n_signals + i) : at + 8 * (n_signals + i) + 8] = f"{highest:<8g}".encode()
    path.write_bytes(content)
    assert fault_of(path) is RecordingFault.UNREADABLE


# Text tables


def test_a_table_with_times_and_units_says_all_there_is_to_know(tmp_path):
    rows = "".join(f"{i / 250:.3f},{i * 10}\n" for i in range(500))
    recording = open_recording(write_table(tmp_path / "a.csv", "time_s,ecg_uV\n" + rows))
    assert (recording.rate_hz, recording.channel) == (pytest.approx(250.0), "ecg")
    np.testing.assert_allclose(millivolts(recording), np.arange(500) * 0.01, atol=1e-9)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
def test_columns_may_be_separated_by_what_people_separate_them_by(tmp_path, delimiter):
    rows = "".join(f"{i / 100:.2f}{delimiter}{i / 10}\n" for i in range(200))
    recording = open_recording(write_table(tmp_path / "a.txt", f"t{delimiter}II\n{rows}"))
    np.testing.assert_allclose(millivolts(recording), np.arange(200) / 10)


def test_a_bare_column_of_numbers_needs_a_rate(tmp_path):
    path = write_table(tmp_path / "a.csv", "1\n2\n3\n")
    assert fault_of(path) is RecordingFault.BAD_RATE
    assert open_recording(path, rate_hz=250.0).rate_hz == 250.0


@pytest.mark.parametrize(
    "comment", ["# sampling rate: 250", "# Sampling Rate (Hz):= 250.00", "# rate_hz = 250", "#sample_rate 250"]
)
def test_a_comment_may_say_the_rate(tmp_path, comment):
    assert open_recording(write_table(tmp_path / "a.txt", f"{comment}\n1\n2\n")).rate_hz == 250.0


@pytest.mark.parametrize("rate", ["2.5.0", ".", "0", "..."])
def test_a_comment_that_says_a_rate_that_is_none_is_refused(tmp_path, rate):
    assert fault_of(write_table(tmp_path / "a.txt", f"# sampling rate: {rate}\n1\n2\n")) is RecordingFault.BAD_RATE


@pytest.mark.parametrize("rate_hz", [0.0, -250.0, float("nan"), float("inf")])
def test_a_rate_given_for_a_table_must_be_one(tmp_path, rate_hz):
    assert fault_of(write_table(tmp_path / "a.csv", "1\n2\n"), rate_hz=rate_hz) is RecordingFault.BAD_RATE


@pytest.mark.parametrize("missing", ["nan", "", "NaN"])
def test_cells_without_a_number_are_gaps(tmp_path, missing):
    path = write_table(tmp_path / "a.csv", f"I,II\n1,1\n2,{missing}\n3,{missing}\n4,4\n")
    counts, _, gaps = played(open_recording(path, rate_hz=100.0))
    assert (counts.tolist(), gaps) == ([10_000, 40_000], [(1, 2)])


def test_rows_missing_from_an_even_time_column_are_gaps(tmp_path):
    rows = "".join(f"{i / 100:.2f},{i}\n" for i in range(300) if not 100 <= i < 150)
    recording = open_recording(write_table(tmp_path / "a.csv", "time,ecg\n" + rows))
    counts, places, gaps = played(recording)
    assert (gaps, recording.n_samples) == ([(100, 50)], 300)
    np.testing.assert_array_equal(counts, places * 10_000)


def test_a_table_that_is_all_nan_has_no_valid_sample(tmp_path):
    assert fault_of(write_table(tmp_path / "a.csv", "nan\nnan\n"), rate_hz=100.0) is RecordingFault.NO_VALID_SAMPLES


@pytest.mark.parametrize(
    "text",
    [
        "ecg\n",
        "only words here\n",
        "a,b\n1,2\n3\n",
        "a,b,c\n1,2\n",
        "a\nb\n1\n",
        "time,ecg\n1,1\n1,2\n",
        "time,ecg\n2,1\n1,2\n",
        "time,ecg\n1,1\n",
        "time,ecg\nnan,1\n1,2\n",
        "time,ecg\n0,1\n1e-9,2\n2e-9,2\n1e9,3\n",
        "1\n2\nthree\n",
        "# a comment\n" * 101 + "1\n2\n",
    ],
    ids=["heading only", "words", "ragged", "too many names", "two headings", "time stands", "time runs back",
         "one row", "time unknown", "time leaps", "a word below", "a preamble without end"],
)  # fmt: skip
def test_a_table_that_makes_no_sense_is_unreadable(tmp_path, text):
    assert fault_of(write_table(tmp_path / "a.csv", text), rate_hz=100.0) is RecordingFault.UNREADABLE


def test_a_table_without_such_a_column_is_refused_with_those_it_has(tmp_path):
    with pytest.raises(RecordingError, match="its channels are: I, II"):
        open_recording(write_table(tmp_path / "a.csv", "I,II\n1,2\n"), "III", 100.0)


# Any format


@pytest.mark.parametrize("name", ["absent", "absent.edf", "absent.csv", "absent.hea"])
def test_a_recording_that_is_not_there_is_named(tmp_path, name):
    assert fault_of(tmp_path / name) is RecordingFault.MISSING


@pytest.mark.parametrize("name", ["a.edf", "a.csv", "a.tsv", "a.txt"])
def test_an_empty_file_is_named(tmp_path, name):
    assert fault_of(write_table(tmp_path / name, "")) is RecordingFault.EMPTY


def test_a_file_of_another_kind_is_refused_with_those_that_are_read(tmp_path):
    assert fault_of(write_table(tmp_path / "a.mp3", "la la la")) is RecordingFault.UNKNOWN_FORMAT


def test_a_folder_is_no_recording(tmp_path):
    assert fault_of(tmp_path) is RecordingFault.UNKNOWN_FORMAT


@pytest.mark.parametrize(("package", "suffix"), [("edfio", ".edf"), ("wfdb", ".hea")])
def test_a_format_whose_reader_is_not_installed_says_what_to_install(tmp_path, monkeypatch, package, suffix):
    module = {"edfio": "edge.recording.edf_file", "wfdb": "edge.recording.wfdb_record"}[package]
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.delattr(edge.recording, module.rpartition(".")[2], raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    path = write_edf(tmp_path / "rec.edf") if package == "edfio" else write_wfdb(tmp_path).with_suffix(".hea")
    with pytest.raises(RecordingError, match="pip install 'anyecg-edge\\[recordings\\]'") as caught:
        open_recording(path.with_suffix(suffix))
    assert caught.value.fault is RecordingFault.NEEDS_EXTRA


def plays_or_raises_recording_error(path):
    try:
        for _ in open_recording(path).blocks():
            pass
    except RecordingError:
        pass


FUZZ = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(
    content=st.binary(min_size=1, max_size=600)
    | st.text(alphabet='0123456789.,;eE-+naN#\t \r\n"tmeIs_', min_size=1).map(str.encode)
)
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.edf", "a.hea"])
@pytest.mark.filterwarnings("default")
def test_random_bytes_are_no_recording_of_any_format(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    (tmp_path / "a.dat").write_bytes(content)
    plays_or_raises_recording_error(tmp_path / name)


@FUZZ
@given(data=st.data())
@pytest.mark.parametrize("format_name", ["wfdb header", "wfdb signals", "edf"])
@pytest.mark.filterwarnings("default")
def test_a_recording_with_damaged_bytes_plays_or_is_refused(tmp_path, format_name, data):
    path = write_edf(tmp_path / "a.edf") if format_name == "edf" else write_wfdb(tmp_path)
    damaged = {"wfdb header": path.with_suffix(".hea"), "wfdb signals": path.with_suffix(".dat"), "edf": path}[
        format_name
    ]
    content = bytearray(damaged.read_bytes())
    most = min(len(content), 800) - 1
    for place in data.draw(st.lists(st.integers(0, most), min_size=1, max_size=4)):
        content[place] = data.draw(st.sampled_from(b"0123456789 -+.:/()e\n") | st.integers(0, 255))
    damaged.write_bytes(content)
    plays_or_raises_recording_error(path)

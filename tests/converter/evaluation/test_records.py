"""Records of a data set are found, and read with what people marked."""

import numpy as np
import pytest
import wfdb

from converter.evaluation.errors import EvaluationError, EvaluationFault
from converter.evaluation.record_files import find_records
from converter.evaluation.records import read_record
from converter.evaluation.rhythm_truth import RhythmLabel
from edge.errors import RecordingError

RATE_HZ = 200


@pytest.fixture
def folder(tmp_path):
    """A data set of one record of 20 s with beats, rhythm, waves, intervals and an unmeasured second."""
    signal = np.sin(np.arange(20 * RATE_HZ) / 7.0)[:, None]
    signal[5 * RATE_HZ : 6 * RATE_HZ] = np.nan
    below = tmp_path / "deep" / "set"
    below.mkdir(parents=True)
    wfdb.wrsamp(
        "7", fs=RATE_HZ, units=["mV"], sig_name=["ii"], p_signal=signal, fmt=["16"], adc_gain=[1000], baseline=[0],
        write_dir=str(below), comments=["a person"],
    )  # fmt: skip
    beats = np.array([10, 200, 400, 600, 800, 1000, 1200])
    wfdb.wrann(
        "7", "atr", beats, ["+", "N", "V", "[", "]", "a", "Q"], aux_note=["(AFIB", "", "", "", "", "", ""],
        fs=RATE_HZ, write_dir=str(below),
    )  # fmt: skip
    wfdb.wrann("7", "ii", np.array([190, 200, 220]), ["(", "N", ")"], fs=RATE_HZ, write_dir=str(below))
    table = "record,lead,hr_bpm,pr_ms,qrs_ms,qt_ms\n7,ii,60,,150,400\n"
    (tmp_path / "deep" / "intervals_from_manual_annotations.csv").write_text(table, encoding="utf-8")
    return tmp_path


def test_records_are_found_at_every_depth(folder):
    assert find_records(folder) == [folder / "deep" / "set" / "7"]
    assert find_records(folder, ["7"]) == find_records(folder)


@pytest.mark.parametrize("ending", ["", ".hea", ".dat"])
def test_one_record_is_found_by_its_name_or_a_file_of_it(folder, ending):
    assert find_records(folder / "deep" / "set" / f"7{ending}") == [folder / "deep" / "set" / "7"]


def test_segments_of_a_record_are_no_records(tmp_path):
    (tmp_path / "a.hea").write_text("a/2 1 125 2000\na_1 1000\na_2 1000\n", encoding="utf-8")
    for part in ("a_1", "a_2"):
        (tmp_path / f"{part}.hea").write_text(f"{part} 1 125 1000\n", encoding="utf-8")
    assert find_records(tmp_path) == [tmp_path / "a"]


def test_a_folder_without_records_is_told_in_one_line(tmp_path):
    with pytest.raises(EvaluationError, match="there is no WFDB record at") as caught:
        find_records(tmp_path)
    assert caught.value.fault is EvaluationFault.NO_RECORDS


def test_records_of_one_name_are_not_mixed_up(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "101.hea").write_text("101 1 125 1000\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match="more than one record 101 - evaluate one data set at a time"):
        find_records(tmp_path)


def test_a_record_that_is_not_there_is_named(folder):
    with pytest.raises(EvaluationError, match="has no record 8 - its 1 records are 7"):
        find_records(folder, ["7", "8"])


def test_a_record_is_read_with_all_that_people_marked(folder):
    record = read_record(find_records(folder)[0])
    assert (record.name, record.patient, record.channel, record.duration_s) == ("7", "7", "ii", 20.0)
    assert record.beats.at_s.tolist() == [1.0, 2.0, 5.0, 6.0]
    assert record.beats.classes.tolist() == [0, 2, 1, 4]
    assert record.beats.left_out_s.tolist() == [[3.0, 4.0]]
    assert [(span.begin_s, span.end_s, span.label) for span in record.rhythms] == [(0.05, 20.0, RhythmLabel.AF)]
    assert record.waves.qrs.tolist() == [[0.95, 1.0, 1.1]]
    assert (record.intervals.pr_ms, record.intervals.qrs_ms) == (None, 150.0)


def test_an_unmeasured_second_splits_a_record_into_stretches(folder):
    stretches = read_record(find_records(folder)[0]).stretches
    assert [(s.begin_s, s.duration_s) for s in stretches] == [(0.0, 5.0), (6.0, 14.0)]


def test_a_channel_that_is_not_there_is_told(folder):
    with pytest.raises(RecordingError, match="no channel V1"):
        read_record(find_records(folder)[0], "V1")


def test_annotations_that_cannot_be_read_are_told_in_one_line(folder):
    path = find_records(folder)[0]
    path.with_suffix(".atr").write_bytes(b"\x01")
    with pytest.raises(EvaluationError, match=r"7\.atr cannot be read .* - copy the data set again"):
        read_record(path)


def test_a_table_of_intervals_with_other_columns_is_told_in_one_line(folder):
    (folder / "deep" / "intervals_from_manual_annotations.csv").write_text("record,lead\n7,ii\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"intervals_from_manual_annotations.csv cannot be read \(KeyError"):
        read_record(find_records(folder)[0])


@pytest.mark.parametrize(
    ("record", "n_beats", "n_left_out", "n_spans"),
    [("mitdb/101", 1865, 0, 1), ("mitdb/207", 1860, 6, 24), ("cpsc2021/data_84_1", 638, 0, 2)],
)
def test_beats_and_rhythms_of_real_records_are_all_read(data_dir, record, n_beats, n_left_out, n_spans):
    read = read_record(data_dir / record)
    assert (read.beats.at_s.size, len(read.beats.left_out_s), len(read.rhythms)) == (n_beats, n_left_out, n_spans)


@pytest.mark.parametrize(
    ("record", "label"),
    [("cinc2017/A00004", "af"), ("cinc2017/A00008", "not_af"), ("cinc2021/JS20001", "sinus"), ("ludb/data/5", "sinus")],
)
def test_rhythms_of_whole_real_records_are_known(data_dir, record, label):
    (span,) = read_record(data_dir / record).rhythms
    assert span.label == label


def test_marked_intervals_of_ludb_are_those_of_its_waves(data_dir):
    read = read_record(data_dir / "ludb" / "data" / "5", "ii")
    qrs_ms = 1000 * np.median(read.waves.qrs[:, 2] - read.waves.qrs[:, 0])
    assert read.intervals.qrs_ms == pytest.approx(qrs_ms, abs=1.0)


def test_each_of_the_data_sets_is_found(data_dir):
    counts = {name: len(find_records(data_dir / name)) for name in ("mitdb", "ludb", "wfdb_sample")}
    assert counts == {"mitdb": 22, "ludb": 100, "wfdb_sample": 3}

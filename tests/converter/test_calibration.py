"""Windows of recordings to calibrate and to verify with: what is chosen, what is refused."""

import sys
from contextlib import suppress

import edfio
import numpy as np
import pytest
import wfdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import edge.recording
from converter.calibration import recorded_split, recorded_windows
from converter.errors import ConversionError, ConversionFault
from converter.windows.one_sided import count_different
from converter.windows.sources import Reader, recordings_in
from edge.errors import RecordingError
from edge.heart import Heart, PatchNoise
from edge.preprocess import ECGFOUNDER, Preprocessing

CONTRACT = Preprocessing(rate_hz=250.0, window_samples=2500, steps=())


def heart(subject, n, rate_hz=250.0):
    """Windows of one subject on different days, shape (n, 10 s), mV."""
    keys = np.column_stack([np.full(n, subject), np.arange(n), np.zeros(n, np.int64)])
    return Heart(0).windows(keys, noise=PatchNoise(), rate_hz=rate_hz).millivolts


def write_wfdb(folder, name, windows, rate_hz=250.0):
    folder.mkdir(exist_ok=True)
    wfdb.wrsamp(
        name, fs=rate_hz, units=["mV"], sig_name=["II"], p_signal=windows.reshape(-1, 1).astype(float),
        fmt=["16"], adc_gain=[1000.0], baseline=[0], write_dir=str(folder),
    )  # fmt: skip
    return folder / name


def write_edf(path, windows):
    signal = edfio.EdfSignal(
        windows.ravel().astype(float), 250, label="ECG II", physical_dimension="mV", physical_range=(-16, 16)
    )
    edfio.Edf([signal]).write(path)
    return path


def write_csv(path, windows):
    rows = "\n".join(f"{value:.4f}" for value in windows.ravel())
    path.write_text(f"# sampling rate: 250\nII_mV\n{rows}\n", encoding="utf-8")
    return path


def write_npz(path, windows):
    np.savez(path, millivolts=windows)
    return path


def refusal(source, n=8, **options):
    with pytest.raises(ConversionError) as caught:
        recorded_windows(source, CONTRACT, n, seed=0, **options)
    assert caught.value.fault is ConversionFault.BAD_CALIBRATION
    return str(caught.value)


def owners(windows, recordings):
    """Of each window, the recording that it is nearest to."""
    all_windows = np.concatenate(list(recordings.values()))
    names = np.repeat(list(recordings), [len(r) for r in recordings.values()])
    return [str(names[np.abs(all_windows - w).max(axis=1).argmin()]) for w in windows.millivolts]


@pytest.fixture(scope="module")
def people():
    return {f"p{i}": heart(i, 12) for i in range(4)}


@pytest.fixture(scope="module")
def folder(people, tmp_path_factory):
    """Four recordings in four formats, at two depths."""
    root = tmp_path_factory.mktemp("recordings")
    write_wfdb(root / "deep", "p0", people["p0"])
    write_edf(root / "p1.edf", people["p1"])
    write_csv(root / "p2.csv", people["p2"])
    write_npz(root / "p3.npz", people["p3"])
    return root


def test_every_format_gives_windows_at_the_packs_rate_and_length(folder):
    for source in [folder / "deep" / "p0", folder / "p1.edf", folder / "p2.csv", folder / "p3.npz"]:
        assert recorded_windows(source, CONTRACT, 8, seed=0).millivolts.shape == (8, 2500)


def test_recordings_of_another_rate_are_resampled(tmp_path):
    record = write_wfdb(tmp_path, "p0", heart(0, 12, rate_hz=360.0), rate_hz=360.0)
    assert recorded_windows(record, ECGFOUNDER, 8, seed=0).millivolts.shape == (8, 5000)


def test_the_windows_of_a_folder_are_those_of_its_recordings(folder, people):
    chosen = recorded_windows(folder, CONTRACT, 16, seed=0)
    distance = np.abs(chosen.millivolts[:, None] - np.concatenate(list(people.values()))).max(axis=2).min(axis=1)
    assert distance.max() < 2e-3  # half a count of the coarsest format


@pytest.mark.parametrize("n", [8, 16, 40])
def test_each_recording_gives_as_many_windows_as_the_others(folder, people, n):
    given_by = owners(recorded_windows(folder, CONTRACT, n, seed=0), people)
    assert sorted(given_by.count(name) for name in people) == [n // 4] * 4


def test_what_a_short_recording_lacks_the_others_give(people, tmp_path):
    write_npz(tmp_path / "p0.npz", people["p0"][:2])
    write_npz(tmp_path / "p1.npz", people["p1"])
    given_by = owners(recorded_windows(tmp_path, CONTRACT, 12, seed=0), people)
    assert (given_by.count("p0"), given_by.count("p1")) == (2, 10)


def test_no_window_is_chosen_twice(folder):
    chosen = recorded_windows(folder, CONTRACT, 44, seed=0).millivolts
    assert len(np.unique(chosen, axis=0)) == 44


def test_a_seed_gives_the_same_windows_again_wherever_the_folder_lies(people, tmp_path):
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        for name, windows in people.items():
            write_npz(tmp_path / place / f"{name}.npz", windows)
    one, other = (recorded_windows(tmp_path / place, CONTRACT, 8, seed=5).millivolts for place in ("here", "there"))
    np.testing.assert_array_equal(one, other)


def test_another_seed_gives_other_windows(folder):
    one, other = (recorded_windows(folder, CONTRACT, 8, seed=seed).millivolts for seed in (0, 1))
    assert not np.array_equal(one, other)


def test_with_more_recordings_than_windows_each_window_is_of_another(tmp_path):
    recordings = {f"r{i:02}": heart(10 + i, 2) for i in range(20)}
    for name, windows in recordings.items():
        write_npz(tmp_path / f"{name}.npz", windows)
    chosen = recorded_windows(tmp_path, CONTRACT, 8, seed=0)
    assert len(set(owners(chosen, recordings))) == 8
    assert "8 of 20 files read" in chosen.origin


def test_windows_that_cannot_be_read_are_not_chosen_but_told_of(people, tmp_path):
    flat, noise = np.zeros((3, 2500)), np.random.default_rng(0).normal(0, 0.3, (2, 2500))
    far_off = people["p0"][:1] + 30.0 * (np.arange(2500) > 1250)
    spoilt = np.concatenate([flat, noise, far_off])
    source = write_npz(tmp_path / "a.npz", np.concatenate([spoilt, people["p0"][:8]]))
    chosen = recorded_windows(source, CONTRACT, 8, seed=0)
    assert "14 windows found; 6 rejected (flat 3, lead_off 1, noisy 2); 8 chosen" in chosen.origin
    np.testing.assert_array_equal(np.unique(chosen.millivolts, axis=0), np.unique(people["p0"][:8], axis=0))


def test_the_origin_says_in_one_line_what_was_chosen_and_names_no_path(folder):
    origin = recorded_windows(folder, CONTRACT, 16, seed=3).origin
    assert origin == (
        f"{folder.name} (deep/p0, p1.edf, p2.csv and 1 more); 4 of 4 files read; 48 windows found; none rejected; "
        "16 chosen, 4 of each recording, seed 3"
    )


def test_a_file_of_a_folder_that_cannot_be_read_is_named_and_passed_over(people, tmp_path):
    write_npz(tmp_path / "good.npz", people["p0"])
    (tmp_path / "LICENCE.txt").write_text("no samples", encoding="utf-8")
    (tmp_path / "cut.edf").write_bytes(b"0       ")
    origin = recorded_windows(tmp_path, CONTRACT, 8, seed=0).origin
    assert "1 of 3 files read; 2 unreadable (LICENCE.txt, cut.edf)" in origin


def test_a_recording_that_ends_before_its_header_says_gives_no_window(people, tmp_path):
    write_npz(tmp_path / "good.npz", people["p0"])
    record = write_wfdb(tmp_path, "p1", people["p1"])
    data = record.with_suffix(".dat")
    data.write_bytes(data.read_bytes()[: 2 * 2500 * 6])
    origin = recorded_windows(tmp_path, CONTRACT, 8, seed=0).origin
    assert "1 unreadable (p1)" in origin


def test_a_copy_of_a_recording_counts_once(people, tmp_path):
    for name in ("a", "b"):
        write_npz(tmp_path / f"{name}.npz", people["p0"])
    origin = recorded_windows(tmp_path, CONTRACT, 8, seed=0).origin
    assert "1 a copy of another" in origin
    assert "12 windows found" in origin


def test_hidden_files_and_segments_of_a_record_are_no_recordings_of_their_own(tmp_path):
    (tmp_path / ".cache").mkdir()
    for name in (".a.csv", ".cache/b.csv", "c.csv", "notes.md", "s1.hea", "s2.hea", "whole.dat"):
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "whole.hea").write_text("# made by hand\nwhole/2 1 250 5000\ns1 2500\ns2 2500\n", encoding="utf-8")
    assert [path.name for path in recordings_in(tmp_path)] == ["c.csv", "whole.hea"]


def test_a_folder_without_a_recording_is_refused(tmp_path):
    assert "has no recording in it - give a folder of" in refusal(tmp_path)


def test_a_source_that_is_not_there_is_refused_by_name(tmp_path):
    assert "there is no recording" in refusal(tmp_path / "absent.edf")


def test_a_folder_of_which_nothing_can_be_read_is_refused_with_the_first_reason(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("no samples\n", encoding="utf-8")
    assert "cannot be read as a table of samples (no row of numbers)" in (told := refusal(tmp_path))
    assert "(and 1 others)" in told


def test_a_channel_that_no_recording_has_is_refused_by_name(folder):
    assert "no channel V9" in refusal(folder / "deep" / "p0", channel="V9")


def test_a_channel_asked_for_stands_in_the_origin(folder):
    assert "channel II" in recorded_windows(folder / "deep" / "p0", CONTRACT, 8, seed=0, channel="II").origin


def test_fewer_readable_windows_than_asked_for_are_refused_with_their_number(people, tmp_path):
    source = write_npz(tmp_path / "a.npz", people["p0"][:9])
    assert "9 windows are too few, 10 are needed" in (told := refusal(source, n=10))
    assert told.endswith("or ask for 9")


def test_recordings_without_a_readable_window_are_refused_with_the_gates_reasons(tmp_path):
    source = write_npz(tmp_path / "a.npz", np.zeros((9, 2500), np.float32))
    assert "9 rejected (flat 9)" in refusal(source)


def test_a_split_of_nothing_readable_says_what_was_rejected(tmp_path):
    write_npz(tmp_path / "flat.npz", np.zeros((20, 2500)))
    with pytest.raises(ConversionError, match=r"20 windows found; 20 rejected \(flat 20\)"):
        recorded_split(tmp_path / "flat.npz", CONTRACT, 8, 8, seed=0)


def test_one_window_many_times_is_refused_as_one_sided(people, tmp_path):
    shifted = np.stack([np.roll(people["p0"][0], 100 * i) * (1 + 0.1 * i) for i in range(10)])
    assert "one-sided: only 1 of 8 windows" in refusal(write_npz(tmp_path / "a.npz", shifted))


def test_a_heart_that_beats_like_a_clock_is_refused_as_one_sided(tmp_path):
    t = np.arange(10 * 2500) / 250.0
    beats = np.exp(-0.5 * ((t % 1.0 - 0.5) / 0.02) ** 2) + np.random.default_rng(0).normal(0, 0.02, t.size)
    told = refusal(write_csv(tmp_path / "a.csv", beats))
    assert "one-sided: 8 windows" in told
    assert "all beat at 60.0 a minute" in told


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"x": np.ones((9, 2500))}, "has no array millivolts, but x"),
        ({"millivolts": np.ones((9, 100))}, r"float64(9, 100), where (k, 2500) in mV is read"),
        ({"millivolts": np.ones((0, 2500))}, "has no window in millivolts"),
        ({"millivolts": np.array([["a"]])}, "where (k, 2500) in mV is read"),
        ({"millivolts": np.where(np.arange(2500) == 7, np.nan, np.ones((9, 1)))}, "not finite in window 0"),
    ],
)
def test_stored_windows_of_another_kind_are_refused_with_what_they_are(tmp_path, arrays, told):
    np.savez(tmp_path / "a.npz", **arrays)
    assert told in refusal(tmp_path / "a.npz")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.sampled_from([".npz", ".csv", ".edf", ".txt"]))
def test_any_bytes_are_windows_or_a_recording_that_cannot_be_read(tmp_path, content, suffix):
    path = tmp_path / f"any{suffix}"
    path.write_bytes(content)
    with suppress(RecordingError):
        list(Reader(CONTRACT).windows(path))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.data())
def test_a_damaged_file_of_windows_is_read_or_refused(tmp_path, folder, data):
    content = bytearray((folder / "p3.npz").read_bytes())
    ends = st.one_of(st.integers(0, 200), st.integers(len(content) - 200, len(content) - 1))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(ends)] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.npz"
    path.write_bytes(content)
    with suppress(RecordingError):
        list(Reader(CONTRACT).windows(path))


def test_recordings_that_calibrate_do_not_verify(folder, people):
    calibration, verification = recorded_split(folder, CONTRACT, 8, 12, seed=0)
    assert (len(calibration.millivolts), len(verification.millivolts)) == (8, 12)
    assert not set(owners(calibration, people)) & set(owners(verification, people))
    assert "calibration of recordings that verification has none of" in calibration.origin


@pytest.mark.parametrize("seed", range(4))
def test_a_split_uses_all_recordings_where_they_are_few(folder, people, seed):
    parts = recorded_split(folder, CONTRACT, 8, 8, seed=seed)
    assert sorted(name for part in parts for name in set(owners(part, people))) == sorted(people)


@pytest.mark.parametrize("kind", ["csv", "npz"])
def test_one_recording_calibrates_with_its_beginning_and_verifies_with_its_end(kind, tmp_path):
    windows = heart(0, 30)
    source = (write_csv if kind == "csv" else write_npz)(tmp_path / f"a.{kind}", windows)
    calibration, verification = recorded_split(source, CONTRACT, 8, 16, seed=0)
    places = [
        [int(np.abs(windows - w).max(axis=1).argmin()) for w in part.millivolts] for part in (calibration, verification)
    ]
    assert max(places[0]) < min(places[1])
    assert "the first 33% of the one recording" in calibration.origin
    assert "the last 67% of the one recording" in verification.origin


def test_a_folder_with_one_readable_recording_is_split_in_time(tmp_path):
    write_npz(tmp_path / "good.npz", heart(0, 24))
    write_npz(tmp_path / "flat.npz", np.zeros((9, 2500)))
    calibration, _ = recorded_split(tmp_path, CONTRACT, 8, 8, seed=0)
    assert "the first 50% of the one recording" in calibration.origin


def test_copies_of_a_recording_are_not_put_on_both_sides_of_a_split(tmp_path):
    for name in ("a", "b"):
        write_npz(tmp_path / f"{name}.npz", heart(0, 24))
    calibration, verification = recorded_split(tmp_path, CONTRACT, 8, 8, seed=0)
    both = np.concatenate([calibration.millivolts, verification.millivolts])
    assert len(np.unique(both, axis=0)) == 16


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("wanted", [(8, 20), (20, 8)])
def test_a_long_and_a_short_recording_are_split_as_the_numbers_ask(tmp_path, seed, wanted):
    recordings = {"long": heart(0, 24), "short": heart(1, 9)}
    for name, windows in recordings.items():
        write_npz(tmp_path / f"{name}.npz", windows)
    parts = recorded_split(tmp_path, CONTRACT, *wanted, seed=seed)
    assert tuple(len(part.millivolts) for part in parts) == wanted
    assert not set(owners(parts[0], recordings)) & set(owners(parts[1], recordings))


def test_fewer_than_eight_windows_are_never_a_set(folder):
    assert "4 windows are asked for, which are too few - ask for 8 or more" in refusal(folder, n=4)


@pytest.mark.parametrize(("package", "name"), [("edfio", "p1.edf"), ("wfdb", "deep/p0")])
def test_a_format_whose_reader_is_not_installed_is_not_passed_over(folder, monkeypatch, package, name):
    module = {"edfio": "edge.recording.edf_file", "wfdb": "edge.recording.wfdb_record"}[package]
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.delattr(edge.recording, module.rpartition(".")[2], raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RecordingError, match="pip install 'anyecg-edge\\[recordings\\]'"):
        recorded_windows((folder / name).parent, CONTRACT, 8, seed=0)


def test_a_split_of_too_little_is_refused(people, tmp_path):
    write_npz(tmp_path / "a.npz", people["p0"][:9])
    write_npz(tmp_path / "b.npz", people["p1"][:3])
    with pytest.raises(ConversionError, match="3 windows are too few, 8 are needed") as caught:
        recorded_split(tmp_path, CONTRACT, 8, 8, seed=0)
    assert caught.value.fault is ConversionFault.BAD_CALIBRATION


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.integers(1, 8))
def test_repetitions_shifts_and_gains_make_no_window_different(which, enough):
    windows = heart(0, 6, rate_hz=100.0)
    repeated = np.stack([np.roll(windows[i], 37 * k) * (k + 1) + k for k, i in enumerate(which)])
    assert count_different(repeated, enough=enough) == min(len(set(which)), enough)


@pytest.mark.parametrize("record", ["109", "112", "215"])  # the steadiest hearts of DS1
def test_half_an_hour_of_one_steady_heart_is_many_sided_enough(data_dir, record):
    assert len(recorded_windows(data_dir / "mitdb" / record, CONTRACT, 32, seed=0).millivolts) == 32


def test_a_folder_of_real_recordings_is_split_by_recording(data_dir):
    calibration, verification = recorded_split(data_dir / "ludb", ECGFOUNDER, 16, 16, seed=0)
    assert len(np.unique(np.concatenate([calibration.millivolts, verification.millivolts]), axis=0)) == 32


def test_a_record_of_several_segments_is_one_recording(data_dir):
    names = [path.name for path in recordings_in(data_dir / "wfdb_sample")]
    assert [name for name in names if name.startswith("041s")] == ["041s.hea"]

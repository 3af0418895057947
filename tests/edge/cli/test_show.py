from xml.etree import ElementTree as ET

import numpy as np
import pytest

from edge.heart import Heart
from edge.pack import SHIPPED_WAVES, read_waves_pack
from tests.edge.cli.command import anyecg, called, is_one_clear_line, last_object
from tests.edge.picture.strips import letters, of_class, points, said

SECONDS = 45
HEART = Heart(1).windows(np.array([[0, 0, 0]]), rate_hz=250.0, duration_s=SECONDS)
R_S = HEART.truth.r_peak_s[0][np.isfinite(HEART.truth.r_peak_s[0])]
LABEL = read_waves_pack(SHIPPED_WAVES).manifest.label


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A text table of a synthetic heart, and of another channel with a hole in it."""
    path = tmp_path_factory.mktemp("show") / "a & b.csv"
    x = HEART.millivolts[0].astype(np.float64)
    holed = np.where(np.abs(np.arange(x.size) / 250 - 5) < 1, np.nan, x)
    rows = "\n".join(f"{k / 250},{one:.4f},{other:.4f}" for k, (one, other) in enumerate(zip(x, holed, strict=True)))
    path.write_text(f"time_s,II,V1/x\n{rows}\n")
    return path


def beats_between(begin_s, end_s):
    """The heart's true beats of a stretch, s."""
    return R_S[(begin_s <= R_S) & (end_s > R_S)]


def parsed(path):
    return ET.fromstring(path.read_text(encoding="utf-8"))


def test_a_recording_is_drawn_into_the_current_folder_and_the_file_named(table, tmp_path):
    done = anyecg("show", table, "--no-marks", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("a_b-II.svg: a & b.csv II, 0 to 30 s")
    assert "Not a medical device" in done.stdout
    assert [round(len(row) / 250) for row in points(parsed(tmp_path / "a_b-II.svg"))] == [10, 10, 10]


def test_a_name_that_is_taken_is_left_alone(table, tmp_path):
    names = [
        last_object(called("show", table, "--no-marks", "--json", "--channel", "V1/x", cwd=tmp_path))["file"]
        for _ in range(3)
    ]
    assert names == ["a_b-V1_x.svg", "a_b-V1_x-2.svg", "a_b-V1_x-3.svg"]


def test_a_file_that_is_asked_for_is_written_over(table, tmp_path):
    (tmp_path / "x.svg").write_text("old")
    assert called("show", table, "--no-marks", "-o", tmp_path / "x.svg").returncode == 0
    assert parsed(tmp_path / "x.svg").tag.endswith("svg")


def test_marks_figures_and_the_pack_are_in_the_picture(table, tmp_path):
    done = called("show", table, "--start", "20", "--duration", "20", cwd=tmp_path)
    picture = parsed(tmp_path / "a_b-II.svg")
    assert (letters(picture), f"Read by {LABEL}." in said(picture)) == (["N"] * beats_between(20, 40).size, True)
    assert "sinus; heart rate (bpm) " in done.stdout


def test_for_machines_there_are_figures_and_every_beat(table, tmp_path):
    done = called("show", table, "--start", "20", "--duration", "5", "--json", cwd=tmp_path)
    answer = last_object(done)
    assert [beat["time_s"] for beat in answer["beats"]] == pytest.approx(beats_between(20, 25), abs=0.04)
    assert {beat["class"] for beat in answer["beats"]} == {"N"}
    qt = answer["figures"]["qt_ms"]
    assert (qt["value"], qt["withheld"]) == (pytest.approx(1e3 * np.nanmedian(HEART.truth.qt_s), abs=25.0), None)
    assert {key: answer[key] for key in ("file", "channel", "begin_s", "end_s", "rhythm", "pack")} == {
        "file": "a_b-II.svg",
        "channel": "II",
        "begin_s": 20.0,
        "end_s": 25.0,
        "rhythm": "sinus",
        "pack": LABEL,
    }


def test_a_hole_is_hatched_and_the_short_piece_before_it_not_read(table, tmp_path):
    called("show", table, "--channel", "V1/x", "--duration", "20", "-o", tmp_path / "x.svg")
    picture = parsed(tmp_path / "x.svg")
    assert [e.text for e in of_class(picture, "named")] == ["not measured, 2.0 s"]
    assert [e.text for e in of_class(picture, "why")] == ["too short to read (under 10 s)"]
    assert len(letters(picture)) == pytest.approx(beats_between(6, 20).size, abs=1)  # one may be cut by the hole


def test_a_withheld_figure_is_a_dash(tmp_path):
    (tmp_path / "short.csv").write_text("ecg\n1\n2\n3\n")
    done = called("show", "short.csv", "--rate", "100", cwd=tmp_path)
    assert "unreadable; heart rate (bpm) -, pr (ms) -" in done.stdout


def test_what_lies_beyond_the_end_is_not_drawn(table, tmp_path):
    answer = last_object(called("show", table, "--no-marks", "--start", "40", "--json", cwd=tmp_path))
    assert (answer["begin_s"], answer["end_s"], answer["pack"]) == (40.0, float(SECONDS), None)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--start", "45"], "lasts 45.0 s"),
        (["--start", "-1"], "lasts 45.0 s"),
        (["--start", "nan"], "lasts 45.0 s"),
        (["--duration", "601"], "one picture shows up to 600 s"),
        (["--duration", "0"], "one picture shows up to 600 s"),
        (["--duration", "nan"], "one picture shows up to 600 s"),
        (["--channel", "aVR"], "its channels are: II, V1/x"),
        (["-o", "absent/x.svg"], "choose another place with -o"),
        (["-o", "."], "choose another place with -o"),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_line(table, tmp_path, options, why):
    done = called("show", table, "--no-marks", *options, cwd=tmp_path)
    assert is_one_clear_line(done)
    assert why in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_pack_that_cannot_be_read_is_one_clear_line_and_leaves_no_file(table, tmp_path):
    assert is_one_clear_line(called("show", table, "--pack", "absent.tflite", cwd=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_recording_that_is_not_there_is_one_clear_line(tmp_path):
    assert is_one_clear_line(called("show", tmp_path / "absent.csv", "--no-marks", cwd=tmp_path))


def test_a_recording_of_which_nothing_was_measured_is_hatched(tmp_path):
    (tmp_path / "none.csv").write_text("II,I\n" + "1,nan\n" * 300)
    called("show", "none.csv", "--rate", "100", "--channel", "I", "--no-marks", "-o", "x.svg", cwd=tmp_path)
    assert [e.text for e in of_class(parsed(tmp_path / "x.svg"), "named")] == ["not measured, 3.0 s"]

"""`anyecg evaluate` reads a data set, scores it and tells what it found."""

import importlib
import json
import subprocess
import sys

import numpy as np
import pytest
import typer
import wfdb
from typer.testing import CliRunner

from converter.evaluation.errors import EvaluationError
from tests.converter.evaluation.standin import marks_of, reading_of

verb = importlib.import_module("converter.cli.evaluate")
RATE_HZ = 250
AT_S = np.arange(0.5, 30.0, 0.75)
WITHOUT_EXTRAS = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in {"ai_edge_quantizer", "flatbuffers", "safetensors", "torch"}:
            raise ModuleNotFoundError(f"no {name}", name=name)
sys.meta_path.insert(0, Absent())
import converter.cli.evaluate
"""


class Reader:
    """Stands in for a reader with a pack: it finds every beat."""

    label = "stand-in 1.0"

    def read_recording(self, millivolts, rate_hz):
        return reading_of(marks_of(millivolts.size / rate_hz, AT_S))


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(verb, "open_reader", lambda _pack: Reader())
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "set"
    folder.mkdir()
    signal = np.zeros((30 * RATE_HZ, 1))
    signal[np.rint(AT_S * RATE_HZ).astype(int)] = 1.0
    for name in ("1", "2", "3"):
        wfdb.wrsamp(
            name, fs=RATE_HZ, units=["mV"], sig_name=["II"], p_signal=signal, fmt=["16"], adc_gain=[1000],
            baseline=[0], write_dir=str(folder),
        )  # fmt: skip
    for name in ("1", "2"):
        places = np.rint(AT_S * RATE_HZ).astype(int)
        wfdb.wrann(name, "atr", places, ["N"] * places.size, fs=RATE_HZ, write_dir=str(folder))
    return folder


def run(*arguments):
    app = typer.Typer()
    app.command()(verb.evaluate)
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200", "NO_COLOR": "1"})


def test_beats_are_scored_and_told_in_tables_a_page_and_json(data):
    done = run(data, "--what", "beats")
    assert done.exit_code == 0, done.output
    said = " ".join(done.stdout.split())
    assert "stand-in 1.0" in said
    assert "100.00 % (100.00 to 100.00)" in said
    assert "Not a medical device" in said
    assert (data.parent / "evaluation" / "beats" / "report.html").is_file()
    assert json.loads((data.parent / "evaluation" / "beats" / "report.json").read_text())["n_records"] == 2


def test_json_is_the_last_line_and_names_what_was_passed_over(data):
    done = run(data, "--what", "beats", "--json", "-o", data.parent / "out", "--channel", "II")
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["passed_over"] == {"no beats are marked": ["3"]}
    assert said["figures"]["se"]["value"] == 1.0
    assert said["channels"] == {"II": 2}


def test_only_the_records_that_are_asked_for_are_read(data):
    done = run(data, "--what", "beats", "--records", "2", "--json")
    assert list(json.loads(done.stdout.splitlines()[-1])["records"]) == ["2"]


def test_noise_is_added_at_every_level(data):
    noise = data.parent / "noise.csv"
    np.savetxt(noise, np.random.default_rng(0).normal(size=5000))
    done = run(data, "--what", "quality", "--noise", noise, "--noise-rate", 360, "--snr", "12,-6", "--json")
    assert {"accepted", "accepted_12_db", "accepted_-6_db"} <= set(json.loads(done.stdout.splitlines()[-1])["figures"])


@pytest.mark.parametrize(
    ("what", "snr", "why"), [("beats", "12", "for --what quality alone"), ("quality", "loud", "is no list of decibels")]
)
def test_noise_is_for_quality_and_in_decibels(data, what, snr, why):
    done = run(data, "--what", what, "--noise", data / "1", "--snr", snr)
    assert done.exit_code == 2
    assert why in " ".join(done.stderr.split())


def test_a_channel_that_no_record_has_is_told_in_one_line(data):
    done = run(data, "--what", "beats", "--channel", "V1")
    assert isinstance(done.exception, EvaluationError)
    assert str(done.exception).startswith("nothing to score: no channel V1 - name a data set")


def test_nothing_of_conversion_or_training_is_needed():
    done = subprocess.run([sys.executable, "-c", WITHOUT_EXTRAS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_else_is_missing_is_not_passed_over():
    code = WITHOUT_EXTRAS.replace('"ai_edge_quantizer", "flatbuffers", "safetensors", "torch"', '"converter.trial"')
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "no converter.trial" in done.stderr

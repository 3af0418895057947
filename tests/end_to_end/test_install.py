"""What a Pi that only replays gets: the wheel with one extra, in an environment of its own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def replaying_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with nothing but ``anyecg-edge[recordings]``, installed from a wheel."""
    folder = tmp_path_factory.mktemp("install")
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    built = subprocess.run(
        [*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    wheel = next(folder.glob("anyecg_edge-*.whl"))
    subprocess.run([*pip, "install", f"{wheel}[recordings]"], check=True)
    return python


def test_a_pi_that_only_replays_gets_neither_bleak_nor_torch_nor_the_quantizer(replaying_python: Path) -> None:
    listed = subprocess.run(
        [replaying_python, "-m", "pip", "list", "--format=json"], check=True, capture_output=True, text=True
    )
    installed = {package["name"].lower() for package in json.loads(listed.stdout)}
    assert not installed & {"bleak", "bumble", "torch", "ai-edge-quantizer"}


def test_the_installed_command_replays_with_the_pack_it_came_with(replaying_python: Path, tmp_path: Path) -> None:
    table = tmp_path / "noise.csv"
    millivolts = np.random.default_rng(0).normal(0, 0.5, 20 * 250)
    np.savetxt(table, millivolts, header="# sampling rate: 250\necg_mV", comments="")
    command = [replaying_python.parent / "anyecg", "replay", table, "--store", tmp_path / "kept.db", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["samples_stored"] == millivolts.size


def test_a_verb_whose_extra_is_missing_says_which_one_to_install(replaying_python: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [replaying_python.parent / "anyecg", "demo", "--speed", "20"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "pip install 'anyecg-edge[" in done.stderr
    assert "Traceback" not in done.stderr

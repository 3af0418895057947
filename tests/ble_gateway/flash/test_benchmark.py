import json
import subprocess
import sys


def test_the_benchmark_of_flashing_runs_at_its_smallest(tmp_path):
    arguments = ["--times", "1", "--cuts", "2", "--output", str(tmp_path / "figures.json")]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.flash", *arguments], capture_output=True, text=True, check=True
    )
    assert "2 end confirmed" in done.stdout
    assert "UNSOUND" not in done.stdout
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["rates"].keys() == {"pseudo-terminal", "simulated radio"}
    assert figures["cuts"]["n"] == 2

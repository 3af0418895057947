"""The benchmark command as its users run it, at its smallest."""

import json
import subprocess
import sys
from pathlib import Path


def test_the_benchmark_prints_a_table_and_writes_its_figures_with_their_machine(
    tmp_path: Path, small_pack_path: Path
) -> None:
    output = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--pack", small_pack_path, "--windows", "10", "--runs", "1"]
    done = subprocess.run(
        [*command, "--output", output], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stderr
    assert "| replay: start of the process to the first outcome |" in done.stdout
    figures = json.loads(output.read_text(encoding="utf-8"))
    assert figures["machine"]["processor"]
    assert {figure["name"] for figure in figures["figures"]} >= {"total, p50", "total, p99"}

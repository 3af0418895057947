"""The verb as its users run it, at its smallest, and what it refuses."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.bench.cli import bench as bench_verbs
from benchmarks.bench.measurement import Quantity
from benchmarks.bench.measuring.plan import Measuring
from benchmarks.bench.measuring.settings import Settings
from benchmarks.bench.measuring.subject import open_subject
from benchmarks.bench.measuring.tables import page
from benchmarks.bench.result import PackResult, Result
from edge.errors import EdgeError
from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack

LEAST = ("--seconds", "0.1", "--processes", "1", "--quick")

LITTLE = Settings(
    threads=(1,),
    batches=(1,),
    streams=(),
    hop_s=10.0,
    seconds=0.1,
    processes=1,
    loop_minutes=0.0,
    streams_minutes=0.0,
    waves=SHIPPED_WAVES,
)


def bench(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge.cli.main", "bench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"COLUMNS": "80", "NO_COLOR": "1"})


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, str, str]:
    """Both shipped packs, the loop and a stream; the result, what was printed, what was told."""
    path = tmp_path_factory.mktemp("bench") / "result.json"
    done = bench(*LEAST, "--loop", "--streams", "2", "--board", "pi-4", "--json", path)
    assert done.returncode == 0, done.stderr
    return Result.model_validate_json(path.read_bytes()), done.stdout, done.stderr


def of(result: Result, path: Path) -> PackResult:
    manifest = read_any_pack(path).manifest
    return next(pack for pack in result.packs if pack.model_sha256 == manifest.model_sha256)


def test_every_shipped_pack_is_measured_where_none_is_named(measured: tuple[Result, str, str]) -> None:
    result, _, _ = measured
    assert [pack.kind for pack in result.packs] == ["estimates", "waves"]
    for pack in result.packs:
        quantities = {measurement.quantity for measurement in pack.measurements}
        assert quantities == set(Quantity) - {Quantity.ENERGY}
        assert all(value > 0 for m in pack.measurements for value in m.values)
    assert result.energy_source.startswith("not measured")


def test_stages_are_those_of_the_loop_and_memory_adds_up(measured: tuple[Result, str, str]) -> None:
    pack = of(measured[0], SHIPPED)
    stages = {measurement.conditions.stage for measurement in pack.find(Quantity.STAGE)}
    assert stages == {"window", "measure", "preprocess", "quantise", "infer", "decode", "total"}
    memory = pack.memory
    assert memory is not None
    (steady,) = pack.find(Quantity.STEADY_RESIDENT)
    parts = memory.interpreter_mb + memory.model_mb + memory.arena_mb + memory.rest_mb
    assert parts == pytest.approx(steady.figure)
    assert len(memory.over_time) > 5
    (peak,) = pack.find(Quantity.PEAK_RESIDENT)
    assert peak.figure >= steady.figure * 0.99


def test_verdicts_are_by_the_pack_and_by_the_board_that_was_named(measured: tuple[Result, str, str]) -> None:
    result, _, _ = measured
    sources = [budget.source for budget in of(result, SHIPPED).budgets]
    assert sources.count("manifest of demonstration") == 2
    assert sources.count("profile of pi-4") == 4
    assert result.machine.board != "pi-4"  # it is judged by one, it is none


def test_no_speed_is_printed_without_the_accuracy_of_the_same_pack(measured: tuple[Result, str, str]) -> None:
    _, printed, told = measured
    for text in printed.split("\n\n", 1)[1].split("network alone")[:-1]:
        assert "accuracy" in text
    assert all(len(line) <= 80 for line in printed.splitlines())
    assert "about" in told.splitlines()[0]


def test_a_pack_that_states_no_accuracy_is_said_to_state_none(measured: tuple[Result, str, str]) -> None:
    from rich.console import Console

    result, _, _ = measured
    silent = result.model_copy(update={"packs": (result.packs[0].model_copy(update={"accuracy": ()}),)})
    console = Console(width=80)
    with console.capture() as captured:
        for part in page(silent):
            console.print(part)
    assert "its manifest states none" in captured.get()


def test_threads_that_the_machine_has_not_are_left_out_and_said_to_be(tmp_path: Path) -> None:
    settings = replace(LITTLE, threads=(1, 512))
    measuring = Measuring([open_subject(SHIPPED_WAVES)], settings, tmp_path)
    assert not any("512" in step.what for step in measuring.steps())
    (pack,) = measuring.collected
    assert any(note.startswith("512 threads left out") for note in pack.result().notes)


def test_rounds_go_over_all_packs_so_that_a_machine_that_wanders_wanders_for_all(tmp_path: Path) -> None:
    subjects = [open_subject(SHIPPED), open_subject(SHIPPED_WAVES)]
    steps = [step.what for step in Measuring(subjects, replace(LITTLE, processes=3), tmp_path).steps()]
    assert [what.partition(":")[0] for what in steps if "network" in what] == ["demonstration", "waves"] * 3


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nosuch.tflite"], 1, "nosuch.tflite cannot be read"),
        (["--threads", "0"], 2, "no list of numbers"),
        (["--batch", "1,x"], 2, "no list of numbers"),
        (["--board", "nosuch"], 1, "no gateway board is called 'nosuch'"),
        (["--energy", "nosuch"], 1, "names no meter"),
        (["--json", "/nosuch/result.json"], 1, "cannot be written"),
        (["--waves", str(SHIPPED)], 1, "marks no waves"),
    ],
)
def test_what_cannot_be_measured_is_one_line_before_anything_is(arguments: list[str], code: int, words: str) -> None:
    done = CliRunner().invoke(bench_verbs, [*LEAST, *arguments])
    assert isinstance(done.exception, EdgeError if code == 1 else SystemExit)
    said = str(done.exception) if code == 1 else " ".join(done.output.replace("│", " ").split())
    assert words in said
    assert done.exit_code == code
    assert "processes, about" not in done.output

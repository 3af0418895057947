import io
import json
from importlib.resources import files

import pytest
from rich.console import Console
from typer.testing import CliRunner

from benchmarks.bench.boards.asking import asked_of
from benchmarks.bench.boards.prediction import predict
from benchmarks.bench.boards.shelf import core_of, loop_costs, profile_names, read_profile
from benchmarks.bench.boards.tables import board_table, boards_table, verdicts_table
from benchmarks.bench.cli import bench
from benchmarks.bench.errors import BenchError
from benchmarks.bench.measurement import Conditions, Measurement, Quantity, Run
from benchmarks.bench.result import Machine, Mood, PackResult, Result
from edge.boards.errors import BoardError
from edge.errors import PackError
from edge.pack import SHIPPED, SHIPPED_WAVES


def words(text: str) -> str:
    """The text without its lines: where they break is up to the terminal."""
    return " ".join(text.split())


runner = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb"})
MEASURED = (31.0, 33.0, 32.0)


def result_of(board: str, created: str, window_ms: tuple[float, ...]) -> Result:
    conditions = Conditions(threads=1, streams=1, hop_s=10.0, stage="total")
    pack = PackResult(
        label="demonstration 1.1.0",
        sha256="1" * 64,
        model_sha256=asked_of(SHIPPED, 10.0).model_sha256,
        size_bytes=1,
        kind="estimates",
        quantisation="static_int8",
        demonstration=True,
        accuracy=(),
        kernel_family="litert/xnnpack",
        macs=1,
        weight_bytes=1,
        operators={},
        profile_source="none",
        measurements=(
            Measurement(
                quantity=Quantity.STAGE, conditions=conditions, runs=tuple(Run(values=(ms,)) for ms in window_ms)
            ),
            Measurement(
                quantity=Quantity.WEARABLE_HOUR,
                conditions=Conditions(streams=1, hop_s=10.0),
                runs=(Run(values=(36.0,)),),
            ),
            Measurement(quantity=Quantity.INFERENCE, conditions=Conditions(), runs=(Run(values=(10.0,)),)),
            Measurement(quantity=Quantity.ENERGY, conditions=Conditions(), runs=(Run(values=(0.005,)),)),
        ),
    )
    machine = Machine(
        processor="Raspberry Pi", architecture="aarch64", n_cores=4, memory_mb=537, system="Linux", python="3.11",
        runtime="litert", anyecg="0.1.0", load_average=0.0, board=board,
    )  # fmt: skip
    return Result(
        schema_version=1, created=created, commit="", settings="", machine=machine, energy_source="none",
        mood=Mood(load_average=(0, 0), stolen=0, others=0, yardstick_spread=0), packs=(pack,),
    )  # fmt: skip


def said(*arguments: str) -> dict:
    ran = runner.invoke(bench, ["boards", *arguments, "--json"])
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout.splitlines()[-1])


def test_every_shipped_pack_is_shown_on_every_board():
    ran = runner.invoke(bench, ["boards"])
    assert ran.exit_code == 0
    assert "by prediction, none of them measured" in words(ran.output)
    for name in profile_names():
        assert ran.output.count(f" {name} ") == 2


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_cut_off_and_the_row_of_a_board_is_a_line_where_budgets_are_kept(width):
    asked = asked_of(SHIPPED, 10.0)
    profiles = [read_profile(name) for name in profile_names()]
    found = [predict(asked, profile, core_of(profile), loop_costs()) for profile in profiles]
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(boards_table(found))
    for one in found:
        console.print(board_table(one), verdicts_table(one))
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)
    for name in profile_names():
        (row,) = (line for line in lines if line.startswith(f" {name} "))
        assert row.rstrip().endswith("met")


def test_one_board_is_shown_with_ranges_reasons_and_sources():
    ran = runner.invoke(bench, ["boards", str(SHIPPED_WAVES), "--board", "pi-5"])
    for expected in (
        "Budgets",
        "Why the board's budgets",
        "Where the figures are from",
        "MobileNet v2",
        "by prediction",
    ):
        assert expected in words(ran.output)


def test_the_json_has_profiles_figures_and_verdicts():
    found = said(str(SHIPPED), "--board", "pi-4", "--hop", "5")
    (board,) = found["packs"][0]["boards"]
    assert found["packs"][0]["hop_s"] == 5.0
    assert board["inference_ms"]["basis"] == "predicted"
    assert {verdict["whose"] for verdict in board["budgets"]} == {"board", "pack"}
    assert found["profiles"]["pi-4"]["power"]["idle_w"]["source"]
    assert found["cores"]["cortex-a72"]["cycles_per_mac"]["source"]


def test_what_was_measured_takes_the_place_of_what_is_predicted_on_its_board_only(tmp_path):
    (tmp_path / "b.json").write_text(result_of("pi-zero-2-w", "2026-12-02T00:00:00Z", MEASURED).model_dump_json())
    (tmp_path / "a.json").write_text(result_of("pi-zero-2-w", "2026-12-01T00:00:00Z", (99.0,)).model_dump_json())
    found = said(str(SHIPPED), str(SHIPPED_WAVES), "--result", str(tmp_path))
    demonstration, waves = ({board["board"]: board for board in pack["boards"]} for pack in found["packs"])
    window = demonstration["pi-zero-2-w"]["window_ms"]
    assert window["basis"] == "measured"
    assert window["span"] == pytest.approx({"low": 31.1, "typical": 32.0, "high": 32.98})
    assert "b.json, 2026-12-02" in window["source"]
    assert demonstration["pi-zero-2-w"]["core_share"]["span"]["typical"] == pytest.approx(0.01)
    energy = demonstration["pi-zero-2-w"]["energy_j"]
    assert energy["span"]["typical"] == pytest.approx(0.005 / 0.010 * 0.032)  # the network's power, a window long
    assert (energy["basis"], demonstration["pi-zero-2-w"]["resident_mb"]["basis"]) == ("measured", "predicted")
    assert demonstration["pi-4"]["window_ms"]["basis"] == "predicted"
    assert waves["pi-zero-2-w"]["window_ms"]["basis"] == "predicted"
    shown = runner.invoke(bench, ["boards", str(SHIPPED), "--result", str(tmp_path / "b.json")])
    assert "32*" in shown.output
    assert "measured on the board" in words(shown.output)


def test_exit_1_where_no_board_keeps_its_budgets(tmp_path):
    profile = (files("benchmarks") / "bench" / "boards" / "pi-4.toml").read_text()
    (tmp_path / "tight.toml").write_text(profile.replace("allowed = 400", "allowed = 1"))
    alone = runner.invoke(bench, ["boards", str(SHIPPED), "--board", str(tmp_path / "tight.toml")])
    assert alone.exit_code == 1
    assert "memory missed" in words(alone.output)
    beside = runner.invoke(bench, ["boards", str(SHIPPED), "--board", str(tmp_path / "tight.toml"), "--board", "pi-4"])
    assert beside.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--board", "pi-6"], BoardError),
        (["none.tflite"], PackError),
        (["--result", "none.json"], BenchError),
    ],
)
def test_what_is_not_there_is_an_expected_error(arguments, error):
    ran = runner.invoke(bench, ["boards", *arguments])
    assert isinstance(ran.exception, error)
    assert " - " in str(ran.exception)

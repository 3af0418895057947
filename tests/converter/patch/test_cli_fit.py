"""`anyecg fit` as its users run it."""

from dataclasses import replace

import pytest

from converter.cli.fit_screen import rounded
from edge.boards import board_names
from edge.pack import SHIPPED, SHIPPED_WAVES, write_pack
from tests.edge.boards.profiles import profile
from tests.edge.cli.command import anyecg, called, is_one_clear_line, last_object


def test_a_pack_that_fits_is_told_with_ranges_and_sources():
    done = called("fit", SHIPPED_WAVES, "--board", "nrf52840", "--from-table")
    assert done.returncode == 0
    said = " ".join(done.stdout.split())
    assert "on Nordic nRF52840: fits" in said
    assert "2 slots, each" in said
    assert "table: " in said
    assert " ms (" in said
    assert "MLPerf Tiny v1.0" in said
    assert "nRF52840 Product Specification" in said


def test_a_file_too_large_for_a_slot_is_told_though_its_c_fits():
    done = called("fit", SHIPPED_WAVES, "--board", "nrf52840", "--from-table")
    assert done.returncode == 0
    assert "short: flash it inside the firmware (anyecg export-c)" in " ".join(done.stdout.split())
    shown = called("fit", SHIPPED, "--board", "nrf52840", "--from-table").stdout
    assert "anyecg flash can send it" in " ".join(shown.split())


def test_for_machines_every_figure_is_a_range_with_its_profile():
    said = last_object(called("fit", SHIPPED_WAVES, "--board", "nrf52840", "--from-table", "--json"))
    (board,) = said["boards"]
    assert (said["fits"], board["fits"], board["pace"], said["hop_s"]) == (True, True, "keeps up", 10.0)
    assert board["instructions"]["basis"] == "table"
    for figure in ("latency_ms", "energy_uj", "duty", "battery_days"):
        assert board[figure]["low"] < board[figure]["typical"] < board[figure]["high"]
    assert board["flash"]["spare_bytes"] == board["flash"]["room_bytes"] - board["needs"]["flash_bytes"]
    assert board["profile"]["active_mw"]["source"]
    assert board["would_fit_with"] == []


def test_all_boards_are_compared_side_by_side():
    done = called("fit", SHIPPED_WAVES, "--board", "all", "--from-table")
    assert done.returncode == 0
    rows = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert [name for name in board_names() if name in rows] == list(board_names())


def test_a_pack_that_does_not_fit_ends_with_1_and_says_what_would(tmp_path):
    (tmp_path / "tiny.toml").write_bytes(profile(flash__reserved_bytes="900000", ram__reserved_bytes="990000"))
    done = called("fit", SHIPPED_WAVES, "--board", tmp_path / "tiny.toml", "--from-table")
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert "does not fit: flash short by" in said
    assert "RAM short by" in said
    assert "a network of 50,000 bytes of flash and 10,000 of RAM at the most" in said
    assert "another board: apollo4" in said
    assert "inside the firmware (anyecg export-c)" not in said
    assert done.stderr == ""


def test_a_pack_of_estimates_that_does_not_fit_may_teach_a_student(tmp_path):
    (tmp_path / "tiny.toml").write_bytes(profile(flash__reserved_bytes="900000"))
    said = last_object(called("fit", SHIPPED, "--board", tmp_path / "tiny.toml", "--from-table", "--json"))
    assert any("anyecg distil" in remedy for remedy in said["boards"][0]["would_fit_with"])


def test_a_board_that_is_too_slow_ends_with_1_and_says_how_far_apart_windows_must_be(tmp_path):
    (tmp_path / "slow.toml").write_bytes(profile(clock__mhz="1"))
    said = last_object(called("fit", SHIPPED_WAVES, "--board", tmp_path / "slow.toml", "--from-table", "--json"))
    (board,) = said["boards"]
    assert (said["fits"], board["pace"]) == (False, "too slow")
    assert any("--hop" in remedy for remedy in board["would_fit_with"])


def test_windows_further_apart_make_the_battery_last():
    every = [
        last_object(called("fit", SHIPPED_WAVES, "--board", "nrf52840", "--from-table", "--json", "--hop", hop))
        for hop in (5, 50)
    ]
    seldom, often = (said["boards"][0]["battery_days"]["typical"] for said in reversed(every))
    assert seldom > often


def test_another_rate_of_the_device_is_more_work():
    own, other = (
        last_object(called("fit", SHIPPED_WAVES, "--board", "nrf52840", "--from-table", "--json", *rate))["boards"][0]
        for rate in ((), ("--rate", 250))
    )
    assert other["instructions"]["preprocess"]["typical"] > own["instructions"]["preprocess"]["typical"]


def test_the_accelerator_of_a_board_is_told_beside_its_core():
    done = called("fit", SHIPPED_WAVES, "--board", "cortex-m55-u55", "--from-table")
    assert "Ethos-U55-128" in done.stdout
    assert "Vela" in done.stdout


def test_boards_that_are_too_slow_are_told_in_the_row():
    done = called("fit", SHIPPED_WAVES, "--board", "all", "--from-table", "--hop", "0.4")
    assert done.returncode == 0
    assert "no: time" in next(line for line in done.stdout.splitlines() if "nrf52840" in line)


def test_without_a_toolchain_instructions_are_estimated_and_it_is_said_why(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    said = last_object(called("fit", SHIPPED_WAVES, "--board", "nrf52840", "--json"))
    assert said["boards"][0]["instructions"]["basis"] == "table"
    assert "arm-none-eabi-gcc" in said["boards"][0]["instructions"]["from"]


def test_a_core_that_is_not_emulated_is_said_to_be_estimated():
    said = last_object(called("fit", SHIPPED_WAVES, "--board", "esp32s3", "--json"))
    assert said["boards"][0]["instructions"]["basis"] == "table"
    assert "not emulated" in said["boards"][0]["instructions"]["from"]


def test_a_pack_made_for_another_board_is_told(tmp_path, small_pack):
    manifest = small_pack.manifest.model_copy(update={"board": "nrf5340"})
    write_pack(tmp_path / "a.tflite", replace(small_pack, manifest=manifest))
    done = called("fit", tmp_path / "a.tflite", "--board", "nrf52840", "--from-table")
    assert "made for nrf5340" in done.stderr


@pytest.mark.parametrize("board", ["nrf9999", "absent.toml"])
def test_a_board_that_is_not_there_is_one_clear_line(board):
    assert is_one_clear_line(called("fit", SHIPPED_WAVES, "--board", board))


def test_nonsense_in_a_board_file_is_one_clear_line(tmp_path):
    (tmp_path / "mine.toml").write_bytes(profile(ram__total_bytes="-1"))
    done = called("fit", SHIPPED_WAVES, "--board", tmp_path / "mine.toml")
    assert is_one_clear_line(done)
    assert "ram.total_bytes" in done.stderr


def test_a_file_that_is_no_pack_is_one_clear_line(tmp_path):
    (tmp_path / "a.tflite").write_bytes(b"nothing")
    assert is_one_clear_line(called("fit", tmp_path / "a.tflite", "--board", "nrf52840"))
    assert is_one_clear_line(called("fit", tmp_path / "absent.tflite", "--board", "nrf52840"))


def test_a_pack_no_c_can_be_made_of_is_one_clear_line_that_names_what_stands_in_the_way(small_float_pack, tmp_path):
    write_pack(tmp_path / "a.tflite", small_float_pack)
    assert is_one_clear_line(called("fit", tmp_path / "a.tflite", "--board", "nrf52840"))


def test_used_wrongly_it_ends_with_2():
    assert anyecg("fit", SHIPPED_WAVES).returncode == 2
    assert called("fit", SHIPPED_WAVES, "--board", "nrf52840", "--hop", "0").returncode == 2


def test_its_help_has_an_example():
    done = called("fit", "--help")
    assert done.returncode == 0
    assert "Example: anyecg fit" in done.stdout


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0"), (0.00871, "0.0087"), (9.96, "10"), (99.4, "99"), (1349.6, "1,300"), (0.5, "0.50")]
)
def test_a_figure_has_as_many_digits_as_count(value, said):
    assert rounded(value, 2) == said

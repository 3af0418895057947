"""What a radio brought, kept with `--record-raw` and played again: the store cannot tell the difference."""

import contextlib
import sqlite3

import pytest

from ble_gateway.cli.streaming import Show, Streaming, stream_until
from ble_gateway.cli.work import Keeping
from ble_gateway.raw import RawRecording
from ble_gateway.wearables.catalogue import KINDS, Setup
from edge.store import OutcomeStore
from tests.ble_gateway.scenes import on_virtual_time, scene
from tests.ble_gateway.test_raw import fill_the_disk
from tests.edge.cli.command import anyecg, called, is_one_clear_line, last_object

_BAD_DAY = ("--loss", "0.02", "--disconnect-every", "12", "--outage", "1", "--jitter-ms", "15", "--drift-ppm", "-80")


def _demo(folder, *options, duration_s=30):
    return (
        *("demo", "--speed", "1000", "--duration", duration_s, "--hop", "5", *_BAD_DAY),
        *("--store", folder / "demo.db", "--record-raw", folder / "day.raw", *options),
    )


def _replay(folder):
    return ("replay", folder / "day.raw", "--hop", "5", "--store", folder / "replay.db", "--json")


def _kept(store, run_id=1):
    """All that a run has kept, and the gaps before its last sample."""
    with contextlib.closing(sqlite3.connect(store)) as database:
        tables = [
            database.execute(f"SELECT * FROM {table} WHERE run_id = {run_id}").fetchall()
            for table in ("block", "beat", "outcome")
        ]
        end_index = max([*(row[1] + row[2] for row in tables[0]), *(row[1] + 1 for row in tables[1])])
        gaps = database.execute("SELECT * FROM gap WHERE run_id = ? AND first_index < ?", (run_id, end_index))
        return [*tables, gaps.fetchall()]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_played_again_gives_the_same_samples_gaps_and_outcomes_to_the_last_bit(tmp_path, small_pack_path, kind):
    # In this process, whose memory other tests fill: a pack that allows for it, or windows are passed over.
    assert called(*_demo(tmp_path, "--device", kind, "--pack", small_pack_path)).returncode == 0
    again = called(*_replay(tmp_path), "--pack", small_pack_path)
    assert again.returncode == 0, again.stderr
    blocks, beats, outcomes, gaps = kept = _kept(tmp_path / "demo.db")
    assert kept == _kept(tmp_path / "replay.db")
    assert blocks or beats
    assert outcomes
    assert bool(gaps) is (kind != "anyecg-patch"), "only the patch sends again what was lost"
    figures = last_object(again)
    assert (figures["simulated"], "DEMONSTRATION" in figures["source"]) == (True, True)


@pytest.mark.parametrize("kind", ["polar-h10", "heart-rate"])
def test_the_shipped_command_records_and_plays_again(tmp_path, kind):
    done = anyecg(*_demo(tmp_path, "--device", kind, "--json", duration_s=20))
    assert done.returncode == 0, done.stderr
    again = anyecg(*_replay(tmp_path))
    assert again.returncode == 0, again.stderr
    assert _kept(tmp_path / "demo.db") == _kept(tmp_path / "replay.db")
    same = ("samples_mended", "bad_frames", "stale_frames", "lost_by_reason", "rejected")
    assert [last_object(done)[name] for name in same] == [last_object(again)[name] for name in same]


def test_several_wearables_are_recorded_in_a_file_each(tmp_path):
    done = called(*_demo(tmp_path, "--device", "uart", "--device", "movesense", duration_s=15))
    assert done.returncode == 0, done.stderr
    files = [RawRecording(tmp_path / name) for name in ("day.raw", "day-2.raw")]
    assert [file.header.kind for file in files] == ["uart", "movesense"]
    for run_id, file in enumerate(files, start=1):
        store = tmp_path / f"{run_id}.db"
        assert called("replay", file.path, "--hop", "5", "--store", store).returncode == 0
        assert _kept(tmp_path / "demo.db", run_id)[0] == [(run_id, *row[1:]) for row in _kept(store)[0]]


def test_a_record_that_was_cut_short_is_played_to_where_it_was_cut(tmp_path):
    assert called(*_demo(tmp_path, duration_s=20)).returncode == 0
    whole = (tmp_path / "day.raw").read_bytes()
    (tmp_path / "day.raw").write_bytes(whole[: len(whole) // 2])
    again = called(*_replay(tmp_path))
    assert again.returncode == 0, again.stderr
    blocks, blocks_again = _kept(tmp_path / "demo.db")[0], _kept(tmp_path / "replay.db")[0]
    assert blocks_again[:-1] == blocks[: len(blocks_again) - 1]
    assert len(blocks_again) > 5


def test_a_record_that_is_there_already_is_never_overwritten(tmp_path):
    (tmp_path / "day.raw").write_bytes(b"precious")
    done = called(*_demo(tmp_path), cwd=tmp_path)
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert (tmp_path / "day.raw").read_bytes() == b"precious"


@pytest.mark.parametrize("place", ["/proc/nothing/day.raw", "/dev/full"])
def test_a_place_where_nothing_can_be_recorded_is_one_clear_line(tmp_path, place):
    done = called("demo", "--speed", "1000", "--store", tmp_path / "demo.db", "--record-raw", place, "--json")
    assert done.returncode == 1
    assert place in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", ["", "time,lead\n0,1\n", '{"anyecg_raw": 99}\n', "\x00\x01"])
def test_what_is_no_record_is_one_clear_line(tmp_path, content):
    (tmp_path / "day.raw").write_text(content)
    assert is_one_clear_line(called(*_replay(tmp_path)))


def test_garbage_behind_good_values_is_one_clear_line_and_the_samples_before_it_are_kept(tmp_path):
    assert called(*_demo(tmp_path, duration_s=20)).returncode == 0
    with (tmp_path / "day.raw").open("a") as file:
        file.write("garbage\n")
    again = called(*_replay(tmp_path))
    assert again.returncode == 1
    assert "has a line that is no value" in again.stderr.splitlines()[-1]
    blocks = _kept(tmp_path / "replay.db")[0]
    assert blocks
    assert blocks == _kept(tmp_path / "demo.db")[0][: len(blocks)]


def test_a_disk_that_fills_ends_the_recording_with_one_warning_and_the_stream_goes_on(tmp_path, capsys):
    @on_virtual_time
    async def play(keeping):
        async with scene(duration_s=20, packets=False) as on_air:
            streaming = Streaming.of(on_air.link(), Setup(), keeping, source="test", simulated=True)
            fill_the_disk(streaming.raw)
            await stream_until([streaming], on_air.virtual.over.wait, Show.on("test", "a full disk", as_json=True))
            assert streaming.work.run.samples_stored == on_air.virtual.samples_sent == 2600

    with (
        OutcomeStore.open(tmp_path / "demo.db") as store,
        Keeping(store, None, hop_s=10, raw=tmp_path / "day.raw") as keeping,
    ):
        play(keeping=keeping)
    warnings = [line for line in capsys.readouterr().err.splitlines() if "raw values" in line]
    assert len(warnings) == 1
    assert "recording of raw values ends" in warnings[0]
    assert "No space left on device" in warnings[0]
    assert list(RawRecording(tmp_path / "day.raw").values()) == []

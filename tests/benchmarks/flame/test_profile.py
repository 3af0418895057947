"""Samples of a loop become a tree and a picture; what the tools say of the loop is said of the loop that runs here."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from benchmarks.flame.__main__ import app
from benchmarks.flame.memory import watch_memory
from benchmarks.flame.overhead import measure_overhead
from benchmarks.flame.picture import draw
from benchmarks.flame.profile import Kind, Profile, fold

LIBRARY = "/opt/venv/lib/python3.11/site-packages"
RAW = f"""\
<module> (/home/a/w.py:70);open_loop (/home/a/edge/loop.py:250);prove (/home/a/edge/proof.py:9) 50
warm_up (/home/a/benchmarks/flame/windows.py:60);run (/home/a/w.py:1);InferenceLoop.push (/home/a/edge/loop.py:125) 70
run (/home/a/w.py:1);InferenceLoop.push (/home/a/edge/loop.py:125);Model.infer (/home/a/edge/model.py:60);\
Interpreter.invoke ({LIBRARY}/ai_edge_litert/interpreter.py:9) 30
run (/home/a/w.py:1);InferenceLoop.push (/home/a/edge/loop.py:120);filter (/home/a/edge/x.py:7);\
filter.<locals>.<genexpr> (/home/a/edge/x.py:8);outer ({LIBRARY}/scipy/s.py:1);inner ({LIBRARY}/scipy/t.py:1);\
innermost ({LIBRARY}/scipy/u.py:1) 60
run (/home/a/w.py:1);InferenceLoop.push (/home/a/edge/loop.py:119) 10
"""


def profile(window_ms=5.0, revision="abc1234"):
    root, samples = fold(RAW, window_ms)
    return Profile(
        revision=revision, pack="a <pack>", machine="m", date="2026-01-01", windows=9, samples=samples, root=root
    )


def flat(node, depth=0):
    return [(depth, node.name, node.place, round(node.ms, 6)), *(row for c in node.calls for row in flat(c, depth + 1))]


def test_samples_become_a_tree_from_the_loop_on_in_the_order_of_the_source():
    root, samples = fold(RAW, 10.0)
    assert samples == 100
    assert flat(root) == [
        (0, "InferenceLoop.push", "edge/loop.py", 10.0),
        (1, "filter", "edge/x.py", 6.0),
        (2, "outer", "scipy/s.py", 6.0),
        (3, "inner", "scipy/t.py", 6.0),
        (1, "Model.infer", "edge/model.py", 3.0),
        (2, "Interpreter.invoke", "ai_edge_litert/interpreter.py", 3.0),
    ]


def test_every_box_is_told_whose_code_it_is():
    root, _ = fold(RAW, 10.0)
    assert (root.kind, root.calls[0].calls[0].kind, root.calls[1].calls[0].kind) == (
        Kind.EDGE,
        Kind.SCIPY,
        Kind.NETWORK,
    )


def test_samples_without_the_loop_are_no_profile():
    with pytest.raises(ValueError, match="no sample was taken"):
        fold(RAW.splitlines()[0], 10.0)


def test_two_profiles_are_drawn_on_one_scale():
    drawn = ET.fromstring(draw([("Before", profile(8.0)), ("Now", profile(4.0))]))
    boxes = [e for e in drawn.iter() if e.tag.endswith("rect") and any(c.tag.endswith("title") for c in e)]
    roots = [float(e.attrib["width"]) for e in boxes if e[0].text.startswith("InferenceLoop.push")]
    assert roots[0] + 1 == pytest.approx(2 * (roots[1] + 1), abs=0.1)


def test_a_picture_says_what_was_measured_where_and_names_are_escaped():
    drawn = draw([("Before", profile())])
    assert "a &lt;pack&gt;" in drawn
    assert "mean of 9 windows; shares by sampling. m; 2026-01-01" in drawn


def test_profiles_are_drawn_from_their_files(tmp_path):
    for name in ("before", "after"):
        Path(tmp_path, name).write_text(profile().model_dump_json(), encoding="utf-8")
    done = CliRunner().invoke(
        app, ["draw", *(str(tmp_path / n) for n in ("before", "after")), "-o", f"{tmp_path}/f.svg"]
    )
    assert (done.exit_code, Path(tmp_path, "f.svg").read_text(encoding="utf-8")[:4]) == (0, "<svg")


def test_a_file_that_is_no_profile_is_refused_in_a_line(tmp_path):
    Path(tmp_path, "no.json").write_text("{}", encoding="utf-8")
    done = CliRunner().invoke(app, ["draw", *[f"{tmp_path}/no.json"] * 2, "-o", f"{tmp_path}/f.svg"])
    assert done.exit_code == 2


def test_a_folder_that_is_no_checkout_is_not_sampled(tmp_path):
    done = CliRunner().invoke(app, ["record", "--root", str(tmp_path), "-o", f"{tmp_path}/p.json"])
    assert (done.exit_code, (tmp_path / "p.json").exists()) == (2, False)


def test_the_parts_of_a_window_are_no_more_than_the_whole(small_pack_path):
    found = measure_overhead(small_pack_path, 3)
    assert min(found.inference_ms, found.waves_ms, found.filters_ms, found.resampling_ms, found.python_ms) > 0
    assert found.python_ms < found.beside_networks_ms < found.total_ms


@pytest.mark.parametrize("hop_s", [10.0, 1.0])
def test_a_loop_that_is_warm_holds_no_more_memory_however_many_windows_run(small_pack_path, hop_s):
    n_windows = 50 if hop_s == 10.0 else 5
    found = watch_memory(small_pack_path, n_windows, hop_s)
    # Small integers are Python's own until they pass 256; what numpy and Python keep for reuse is some kilobytes.
    assert abs(found.edge_bytes) < 1_000
    assert abs(found.all_bytes) < 50_000

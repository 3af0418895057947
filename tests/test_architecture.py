"""A core and two adapters: who may import whom, what is public, how large a module may grow."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("ble_gateway", "converter", "edge")
FORBIDDEN = {
    "edge": {"ble_gateway", "converter", "bleak", "bleak_retry_connector", "bumble", "serial", "torch"},
    "converter": {"ble_gateway", "bleak", "bleak_retry_connector", "bumble", "serial"},
    "ble_gateway": {"converter", "torch", "ai_edge_quantizer", "flatbuffers"},
}
HEAVY = {"ai_edge_litert", "bleak", "bumble", "edfio", "rich", "serial", "tflite_runtime", "torch", "typer", "wfdb"}
PUBLIC = {
    "edge": [
        "EdgeError", "Estimated", "InferenceLoop", "ModelPack", "OutcomeStore", "OverBudget", "Rejected", "SampleBlock",
        "Scale", "open_loop", "open_recording", "read_pack",
    ],
    "converter": ["ConversionError", "ConversionFault", "ConversionReport", "convert"],
}  # fmt: skip
MOST_PUBLIC_NAMES, MOST_LINES = 12, 400


def modules(package):
    return sorted((REPOSITORY / package).rglob("*.py"))


def imported_in_full(module):
    """Modules that a module imports anywhere in it, lazily or not."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            yield node.module or ""


def imported(module):
    """Top-level packages a module imports anywhere in it."""
    return (name.partition(".")[0] for name in imported_in_full(module))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_lies_beneath_it(package):
    wrong = [f"{m.relative_to(REPOSITORY)}: {name}" for m in modules(package) for name in imported(m)
             if name in FORBIDDEN[package]]  # fmt: skip
    assert wrong == []


def test_the_bench_runs_where_only_edge_is_installed():
    allowed = {"edge", "benchmarks.bench", "benchmarks.machine"}
    wrong = [f"{m.relative_to(REPOSITORY)}: {name}" for m in modules("benchmarks/bench") for name in imported_in_full(m)
             if name.partition(".")[0] in {*PACKAGES, "benchmarks"}
             and not any(name == a or name.startswith(f"{a}.") for a in allowed)]  # fmt: skip
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_are_few_sorted_and_there(package):
    exported = importlib.import_module(package).__all__
    assert len(exported) <= MOST_PUBLIC_NAMES
    assert list(exported) == sorted(exported)
    assert all(hasattr(importlib.import_module(package), name) for name in exported)


@pytest.mark.parametrize("package", PUBLIC)
def test_public_names_change_on_purpose_only(package):
    assert importlib.import_module(package).__all__ == PUBLIC[package]


def test_importing_edge_loads_nothing_heavy():
    code = f"import sys, edge; print(*set({sorted(HEAVY)!r}) & sys.modules.keys())"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []


@pytest.mark.parametrize("package", [*PACKAGES, "benchmarks"])
def test_no_module_grows_over_400_lines(package):
    too_long = [str(m) for m in modules(package) if len(m.read_text(encoding="utf-8").splitlines()) > MOST_LINES]
    assert too_long == []


def test_every_verb_exists():
    from importlib.metadata import entry_points

    verbs = entry_points(group="anyecg.verbs")
    assert all(callable(verb.load()) for verb in verbs)
    assert {"demo", "doctor", "inspect", "replay", "run"} <= set(verbs.names)

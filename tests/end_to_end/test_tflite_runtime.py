"""The older runtime for real: tflite-runtime 2.14 with numpy 1, in an environment of its own."""

import json
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ai_edge_quantizer import qtyping, quantizer, recipe_manager

from converter.calibration import synthetic_windows
from converter.convert import convert
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.ecgfounder.net1d import Net1DConfig
from converter.gate import Gate
from converter.quantise import Mode, quantise
from converter.target import Target
from edge.interpreter import open_interpreter
from edge.model import open_model
from edge.pack import SHIPPED, ModelPack, read_pack, write_pack
from edge.preprocess import ECGFOUNDER
from tests.conftest import ASKS_NOTHING, IDENTITY
from tests.converter.networks import SMALL, random_weights

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ("tflite-runtime==2.14.0", "numpy<2", "scipy", "pydantic")
CONVOLUTION, DENSE = qtyping.TFLOperationName.CONV_2D, qtyping.TFLOperationName.FULLY_CONNECTED
FAMILY = f"tflite-runtime/builtin-{platform.machine()}"
INT8_STEPS = 6
"""What a full int8 pack allows at the least between families of kernels."""


@pytest.fixture(scope="session")
def older_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has tflite-runtime and sees this checkout."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip(f"tflite-runtime 2.14 has no wheel for Python {sys.version_info[0]}.{sys.version_info[1]}")
    folder = tmp_path_factory.mktemp("tflite-runtime")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS]
    installed = subprocess.run(install, capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"tflite-runtime cannot be installed here: {installed.stderr.strip().splitlines()[-1]}")
    return python


def ask(python: Path, script: str, *arguments: object) -> dict[str, object]:
    """Run a script in the older environment; its last line is JSON."""
    command = [python, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_the_shipped_pack_passes_its_self_test_on_tflite_runtime(older_python: Path) -> None:
    script = (
        "import json; from edge.model import open_model; from edge.pack import SHIPPED, read_pack; "
        "print(json.dumps({'family': open_model(read_pack(SHIPPED)).kernel_family}))"
    )
    assert ask(older_python, script) == {"family": FAMILY}


def dynamic_range(float_model: bytes, *layers: qtyping.TFLOperationName) -> bytes:
    """The model with int8 weights in layers of these kinds, one scale for each output channel."""
    recipe = recipe_manager.RecipeManager()
    for layer in layers:
        recipe.add_dynamic_config(regex=".*", operation_name=layer, num_bits=8)
    work = quantizer.Quantizer(float_model)
    work.load_quantization_recipe(recipe.get_quantization_recipe())
    return bytes(work.quantize(None).quantized_model)


@pytest.mark.parametrize("layer", [CONVOLUTION, DENSE])
def test_a_dynamic_range_model_is_refused_on_tflite_runtime(
    older_python: Path, tmp_path: Path, layer: qtyping.TFLOperationName
) -> None:
    float_model = emit(Checkpoint.of_state_dict(random_weights(SMALL, seed=3)), 500)
    model = tmp_path / "dynamic.tflite"
    model.write_bytes(dynamic_range(float_model, layer))
    script = (
        "import json, sys, pathlib; from edge.errors import RuntimeUnavailable; "
        "from edge.interpreter import open_interpreter\n"
        "try: open_interpreter(pathlib.Path(sys.argv[1]).read_bytes()); said = 'opened'\n"
        "except RuntimeUnavailable as error: said = str(error)\n"
        "print(json.dumps({'said': said}))"
    )
    assert "this pack has dynamic-range" in str(ask(older_python, script, model)["said"])


@pytest.mark.parametrize(("layer", "is_right"), [(CONVOLUTION, True), (DENSE, False)])
def test_unguarded_tflite_runtime_is_wrong_about_dynamic_range_fully_connected_layers_and_not_about_convolutions(
    older_python: Path, tmp_path: Path, layer: qtyping.TFLOperationName, *, is_right: bool
) -> None:
    float_model = emit(Checkpoint.of_state_dict(random_weights(SMALL, seed=3)), 500)
    model, window = dynamic_range(float_model, layer), np.random.default_rng(0).normal(0, 1, (1, 500))
    (tmp_path / "dynamic.tflite").write_bytes(model)
    np.save(tmp_path / "x.npy", window.astype(np.float32))
    script = (
        "import json, sys, numpy as np; from tflite_runtime.interpreter import Interpreter; "
        "run = Interpreter(sys.argv[1] + '/dynamic.tflite'); run.allocate_tensors(); "
        "run.set_tensor(run.get_input_details()[0]['index'], np.load(sys.argv[1] + '/x.npy')); run.invoke(); "
        "print(json.dumps({'y': run.get_tensor(run.get_output_details()[0]['index']).tolist()}))"
    )
    expected = open_interpreter(float_model).invoke(window.astype(np.float32))
    error = np.abs(np.array(ask(older_python, script, tmp_path)["y"]) - expected).max()
    assert (error < 0.1 * np.abs(expected).max()) == is_right


def test_both_runtimes_agree_within_the_packs_tolerance_on_unseen_windows(older_python: Path) -> None:
    script = (
        "import json, sys, numpy as np; from edge.model import open_model; from edge.pack import SHIPPED, read_pack; "
        "m = open_model(read_pack(SHIPPED)); x = np.load(sys.argv[1]); "
        "print(json.dumps({'y': [m.infer(m.quantise(m.preprocess(w))).tolist() for w in x]}))"
    )
    windows = synthetic_windows(ECGFOUNDER, 16, seed=7).millivolts
    pack = read_pack(SHIPPED)
    here = open_model(pack, runtime="litert")
    expected = np.stack([here.infer(here.quantise(here.preprocess(w))) for w in windows]).astype(int)
    path = older_python.parent / "windows.npy"
    np.save(path, windows)
    actual = np.array(ask(older_python, script, path)["y"])
    assert np.abs(actual - expected).max() <= pack.self_test.tolerance


def test_the_graph_for_tflite_runtime_gives_there_what_the_grouped_one_gives_on_litert(
    older_python: Path, tmp_path: Path
) -> None:
    """Groups of an odd and an even number, long enough windows for kernels that work on many positions at once."""
    config = Net1DConfig(16, (48, 64), (1, 2), kernel_size=16, stride=2, groups_width=16, n_outputs=5)
    checkpoint = Checkpoint.of_state_dict(random_weights(config, seed=3))
    draws = np.random.default_rng(0)
    calibration, unseen = (draws.normal(0, 1, (16, 2000)).astype(np.float32) for _ in range(2))
    grouped, split = (quantise(emit(checkpoint, 2000, target=t), Mode.FULL, calibration) for t in Target)
    here = open_interpreter(grouped, runtime="litert")
    assert here.input.quantisation is not None
    inputs = here.input.quantisation.quantise(unseen)
    expected = np.stack([here.invoke(x) for x in inputs]).astype(int)
    (tmp_path / "split.tflite").write_bytes(split)
    np.save(tmp_path / "inputs.npy", inputs)
    script = (
        "import json, sys, numpy as np, pathlib; from edge.interpreter import open_interpreter; "
        "at = pathlib.Path(sys.argv[1]); run = open_interpreter((at / 'split.tflite').read_bytes()); "
        "y = [run.invoke(x).tolist() for x in np.load(at / 'inputs.npy')]; "
        "print(json.dumps({'y': y, 'delegated': run.execution.delegated, 'operators': dict(run.execution.operators)}))"
    )
    said = ask(older_python, script, tmp_path)
    assert np.abs(np.array(said["y"]) - expected).max() <= INT8_STEPS
    assert (said["delegated"], said["operators"]) == (0, open_interpreter(split).execution.operators)


def test_tflite_runtime_delegates_the_float_graph_whole(older_python: Path, tmp_path: Path) -> None:
    model = tmp_path / "float.tflite"
    model.write_bytes(emit(Checkpoint.of_state_dict(random_weights(SMALL, seed=3)), 500))
    script = (
        "import json, sys, pathlib; from edge.interpreter import open_interpreter; "
        "run = open_interpreter(pathlib.Path(sys.argv[1]).read_bytes()).execution; "
        "print(json.dumps({'undelegated': dict(run.undelegated), 'partitions': run.partitions}))"
    )
    assert ask(older_python, script, model) == {"undelegated": {}, "partitions": 1}


def converted(mode: Mode, target: Target, gate: Gate = ASKS_NOTHING) -> ModelPack:
    """A small network of random weights, made as every pack is made."""
    pack, _ = convert(
        Checkpoint.of_state_dict(random_weights(SMALL, seed=0)),
        IDENTITY,
        preprocessing=ECGFOUNDER,
        calibration=synthetic_windows(ECGFOUNDER, 16, seed=1),
        verification=synthetic_windows(ECGFOUNDER, 16, seed=2),
        mode=mode,
        target=target,
        gate=gate,
    )
    return pack


THROUGH_THE_LOOP = """
import json, pathlib, sys
import numpy as np
from edge.budget import Budget
from edge.loop import InferenceLoop
from edge.model import open_model
from edge.outcome import Estimated
from edge.pack import read_pack
from edge.signal import SampleBlock, Scale

model = open_model(read_pack(pathlib.Path(sys.argv[1])))
counts = np.load(sys.argv[2])
loop = InferenceLoop(model, hop_s=10.0, budget=Budget(latency_p99_ms=float("inf"), resident_mb=float("inf")))
block = SampleBlock(counts, Scale(1e-3), 500.0, first_index=0, start_s=0.0, period_s=1 / 500.0, gap_before=None)
outcomes = [outcome for outcome in (*loop.push(block), *loop.finish()) if isinstance(outcome, Estimated)]
said = [[estimate.probability for estimate in outcome.estimates] for outcome in outcomes]
print(json.dumps({"family": model.kernel_family, "said": said}))
"""
"""Estimates of a stream in microvolts, ten seconds after ten seconds."""


@pytest.mark.parametrize("mode", [Mode.FULL, Mode.FLOAT])
def test_a_pack_made_for_tflite_runtime_gives_there_what_it_gives_on_litert(
    older_python: Path, tmp_path: Path, mode: Mode
) -> None:
    pack, counts = converted(mode, Target.TFLITE_RUNTIME), tmp_path / "counts.npy"
    write_pack(tmp_path / "made.tflite", pack)
    windows = synthetic_windows(ECGFOUNDER, 8, seed=7).millivolts
    np.save(counts, np.rint(1000 * windows.ravel()).astype(np.int32))
    there = ask(older_python, THROUGH_THE_LOOP, tmp_path / "made.tflite", counts)
    here = ask(Path(sys.executable), THROUGH_THE_LOOP, tmp_path / "made.tflite", counts)
    assert (there["family"], here["family"]) == (FAMILY, "litert/xnnpack")
    logits = [np.log(p) - np.log1p(-p) for p in (np.array(there["said"]), np.array(here["said"]))]
    assert logits[0].shape == logits[1].shape
    assert len(logits[0]) >= 3
    scales = np.array([row.logit_scale for row in pack.manifest.outputs])
    output = open_interpreter(pack.model).output.quantisation
    allowed = pack.self_test.tolerance * scales * (output.scale if output else 1.0)
    assert (np.abs(logits[0] - logits[1]) <= allowed).all()


@pytest.mark.parametrize("mode", [Mode.MIXED, Mode.DYNAMIC])
def test_a_pack_made_for_litert_is_refused_on_tflite_runtime_with_the_reason(
    older_python: Path, tmp_path: Path, mode: Mode
) -> None:
    # A gate that asks nothing lets a mixed pack be int8 throughout, which is right everywhere.
    write_pack(tmp_path / "made.tflite", converted(mode, Target.LITERT, Gate(0.99, -1.0, 1.0, 1.0)))
    script = (
        "import json, sys, pathlib; from edge.errors import RuntimeUnavailable; "
        "from edge.model import open_model; from edge.pack import read_pack\n"
        "try: open_model(read_pack(pathlib.Path(sys.argv[1]))); said = 'opened'\n"
        "except RuntimeUnavailable as error: said = str(error)\n"
        "print(json.dumps({'said': said}))"
    )
    said = str(ask(older_python, script, tmp_path / "made.tflite")["said"])
    assert "this pack has dynamic-range convolutions" in said
    assert "convert it with --mode full" in said

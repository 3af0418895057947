"""Dynamic-range packs, and what is kept on windows with artefacts."""

import numpy as np
import pytest

from converter.calibration import WindowSet, synthetic_windows, with_artefacts
from converter.convert import convert
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.errors import ConversionError, ConversionFault
from converter.gate import Gate
from converter.quantise import Mode, quantise
from edge.interpreter import open_interpreter
from edge.model import open_model
from edge.pack import ModelPack
from edge.preprocess import ECGFOUNDER
from tests.conftest import ASKS_NOTHING, IDENTITY
from tests.converter.networks import SMALL, random_weights

CALIBRATION, VERIFICATION = synthetic_windows(ECGFOUNDER, 16, seed=1), synthetic_windows(ECGFOUNDER, 32, seed=2)
SPOILT = with_artefacts(VERIFICATION, seed=0)
CHECKPOINT = Checkpoint.of_state_dict(random_weights(SMALL, seed=0))


def converted(mode, **options):
    return convert(
        CHECKPOINT,
        IDENTITY,
        preprocessing=ECGFOUNDER,
        mode=mode,
        calibration=CALIBRATION,
        verification=VERIFICATION,
        **{"gate": ASKS_NOTHING, **options},
    )


@pytest.fixture(scope="module")
def dynamic():
    return converted(Mode.DYNAMIC, gate=Gate(0.99, -1.0, 1.0, 1.0))


def test_a_dynamic_pack_takes_and_gives_float(dynamic):
    run = open_interpreter(dynamic[0].model)
    assert (run.input.dtype, run.output.dtype) == (np.float32, np.float32)


def test_a_dynamic_pack_loads_and_says_what_it_is(dynamic):
    pack = ModelPack.from_bytes(dynamic[0].to_bytes())
    assert open_model(pack).pack.manifest.quantisation == "dynamic"


def test_a_dynamic_pack_is_closer_to_float_than_a_full_one(dynamic):
    _, full = converted(Mode.FULL)
    nearest = [row.rms_logit for row in dynamic[1].chosen.clean.outputs]
    assert all(row.rms_logit > near for row, near in zip(full.chosen.clean.outputs, nearest, strict=True))


def test_a_dynamic_pack_needs_no_calibration():
    float_model = emit(CHECKPOINT, ECGFOUNDER.window_samples)
    one, other = np.zeros((8, 5000), np.float32), np.ones((8, 5000), np.float32)
    assert quantise(float_model, Mode.DYNAMIC, one) == quantise(float_model, Mode.DYNAMIC, other)


def test_what_was_kept_on_spoilt_windows_stands_in_the_pack():
    pack, report = converted(Mode.FULL, spoilt=SPOILT)
    assert report.chosen.spoilt is not None
    assert pack.parity["spoilt"] == report.chosen.spoilt.as_json()


def test_spoilt_windows_are_compared_whether_they_can_be_read_or_not():
    _, report = converted(Mode.DYNAMIC, spoilt=SPOILT)
    spoilt = report.chosen.spoilt
    assert spoilt is not None
    assert (spoilt.n_windows, spoilt.n_rejected) == (len(SPOILT.millivolts), 0)


def test_an_output_lost_on_spoilt_windows_alone_is_refused_too():
    nearly_one = VERIFICATION.millivolts[:1] * np.linspace(1.0, 1.0 + 1e-6, 16, dtype=np.float32)[:, None]
    gate = Gate(-1.0, 0.95, 1.0, 1.0)
    converted(Mode.FULL, gate=gate)
    with pytest.raises(ConversionError, match=r"with artefacts, 0\.95 is asked for") as caught:
        converted(Mode.FULL, gate=gate, spoilt=WindowSet(nearly_one, "windows that int8 cannot tell apart"))
    assert caught.value.fault is ConversionFault.NOT_KEPT

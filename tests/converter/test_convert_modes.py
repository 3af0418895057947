"""Dynamic-range packs, and what is kept on windows with artefacts."""

import numpy as np
import pytest

from converter.calibration import WindowSet, synthetic_windows, with_artefacts
from converter.convert import convert
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.errors import ConversionError, ConversionFault
from converter.quantise import Mode, quantise
from edge.interpreter import open_interpreter
from edge.model import open_model
from edge.pack import ModelPack
from edge.preprocess import ECGFOUNDER
from tests.conftest import IDENTITY
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
        **{"least_spearman": -1.0, **options},
    )


@pytest.fixture(scope="module")
def dynamic():
    return converted(Mode.DYNAMIC, least_spearman=0.99)


def test_a_dynamic_pack_takes_and_gives_float(dynamic):
    run = open_interpreter(dynamic[0].model)
    assert (run.input.dtype, run.output.dtype) == (np.float32, np.float32)


def test_a_dynamic_pack_loads_and_says_what_it_is(dynamic):
    pack = ModelPack.from_bytes(dynamic[0].to_bytes())
    assert open_model(pack).pack.manifest.quantisation == "dynamic"


def test_a_dynamic_pack_is_closer_to_float_than_a_full_one(dynamic):
    _, full = converted(Mode.FULL)
    nearest = [row.rms_logit for row in dynamic[1].parity.outputs]
    assert all(row.rms_logit > near for row, near in zip(full.parity.outputs, nearest, strict=True))


def test_a_dynamic_pack_needs_no_calibration():
    float_model = emit(CHECKPOINT, ECGFOUNDER.window_samples)
    one, other = np.zeros((8, 5000), np.float32), np.ones((8, 5000), np.float32)
    assert quantise(float_model, Mode.DYNAMIC, one) == quantise(float_model, Mode.DYNAMIC, other)


def test_what_was_kept_on_spoilt_windows_stands_in_the_pack():
    pack, report = converted(Mode.FULL, spoilt=SPOILT)
    assert report.spoilt is not None
    assert pack.parity["spoilt"] == report.spoilt.as_json()


def test_spoilt_windows_are_compared_whether_they_can_be_read_or_not():
    _, report = converted(Mode.DYNAMIC, spoilt=SPOILT)
    assert report.spoilt is not None
    assert (report.spoilt.n_windows, report.spoilt.n_rejected) == (len(SPOILT.millivolts), 0)


def test_an_output_lost_on_spoilt_windows_alone_is_refused_too():
    nearly_one = VERIFICATION.millivolts[:1] * np.linspace(1.0, 1.0 + 1e-6, 16, dtype=np.float32)[:, None]
    converted(Mode.FULL)
    with pytest.raises(ConversionError) as caught:
        converted(Mode.FULL, spoilt=WindowSet(nearly_one, "windows that int8 cannot tell apart"))
    assert caught.value.fault is ConversionFault.NOT_KEPT

"""The waves pack on a runtime: windows in, what the network says along them out; proven by its own self-test."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge.errors import PackError, PackFault
from edge.interpreter import Interpreter, Tensor, open_interpreter
from edge.pack import WavesPack
from edge.preprocess import preprocess
from edge.waves.track import RATE_HZ, SAID, STEP_SAMPLES, Track

_MAX_INPUT_STEP: Final = 1
"""int8 steps by which the preprocessing may differ from the one the pack was made with (rounding of ties)."""


class WavesModel:
    """A waves pack that has passed its self-test on this machine.

    Parameters
    ----------
    pack
        What to run.
    interpreter
        The runtime that has loaded ``pack.model``.

    Raises
    ------
    PackError
        If the model does not fit the manifest, or the self-test fails.
    """

    def __init__(self, pack: WavesPack, interpreter: Interpreter) -> None:
        self.pack = pack
        self.contract = pack.manifest.preprocessing.as_preprocessing()
        self._interpreter = interpreter
        self._check_fits()
        self._check_self_test()

    @property
    def kernel_family(self) -> str:
        """The kernels that compute it."""
        return self._interpreter.kernel_family

    @property
    def window_samples(self) -> int:
        """Samples in a window, at `edge.waves.track.RATE_HZ`."""
        return self.contract.window_samples

    def prepare(self, millivolts: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Apply the manifest's preprocessing to windows, shape (..., window_samples), mV."""
        return preprocess(millivolts, self.contract)

    def track(self, prepared: NDArray[np.float32]) -> Track:
        """Say what the network says of one prepared window, shape (window_samples,)."""
        return Track.of_logits(self._logits(self._interpreter.invoke(self._taken(prepared)))[0])

    def _taken(self, prepared: NDArray[np.float32]) -> Tensor:
        quantisation = self._interpreter.input.quantisation
        return quantisation.quantise(prepared) if quantisation else prepared

    def _logits(self, y: Tensor) -> NDArray[np.float32]:
        quantisation = self._interpreter.output.quantisation
        real = quantisation.dequantise(y.astype(np.int8)) if quantisation else y.astype(np.float32)
        return real.reshape(-1, self.window_samples // STEP_SAMPLES, sum(SAID))

    def _check_fits(self) -> None:
        manifest, run = self.pack.manifest, self._interpreter
        window = self.window_samples
        expected = (1, window), window // STEP_SAMPLES * sum(SAID)
        if (run.input.shape, int(np.prod(run.output.shape))) != expected or self.contract.rate_hz != RATE_HZ:
            raise PackError(
                PackFault.MODEL_MISMATCH,
                f"the model of {manifest.name} maps {run.input.shape} to {run.output.shape} at "
                f"{self.contract.rate_hz:g} Hz, which is no waves network of this release",
                advice="make the pack again, or update anyecg-edge",
            )

    def _check_self_test(self) -> None:
        test, label = self.pack.self_test, self.pack.manifest.label
        n = len(test.inputs) if test.inputs.ndim else 0
        if not test.outputs or n == 0:
            raise _failed(label, "it has none")
        windows, n_said = (n, self.window_samples), self.window_samples // STEP_SAMPLES * sum(SAID)
        fits = (
            test.windows_uv.shape == test.inputs.shape == windows and test.inputs.dtype == self._interpreter.input.dtype
        )
        if not fits or any(y.size != n * n_said for y in test.outputs.values()):
            raise _failed(label, "its arrays do not have the model's shapes")
        inputs = self._taken(self.prepare(test.windows_uv / 1000.0))
        error = np.abs(inputs.astype(np.float64) - test.inputs.astype(np.float64)).max()
        if not error <= (_MAX_INPUT_STEP if inputs.dtype == np.int8 else 1e-3):
            raise _failed(label, f"preprocessing differs by {error:g}")
        outputs = np.stack([self._interpreter.invoke(x) for x in test.inputs])
        family = self.kernel_family
        exact = family in test.outputs and outputs.dtype == np.int8
        if exact and not np.array_equal(outputs, test.outputs[family].reshape(outputs.shape)):
            raise _failed(label, f"{family} does not give the outputs it gave when the pack was made")
        for other, expected in () if exact else test.outputs.items():
            apart = np.abs(outputs.astype(np.float64) - expected.reshape(outputs.shape)).max()
            if not apart <= test.tolerance:
                raise _failed(label, f"{family} differs from {other} by {apart:g}, {test.tolerance:g} is allowed")


def open_waves_model(pack: WavesPack, *, runtime: str | None = None, n_threads: int = 1) -> WavesModel:
    """Load a waves pack on a runtime of this machine; see `edge.interpreter.open_interpreter` and `WavesModel`."""
    return WavesModel(pack, open_interpreter(pack.model, runtime=runtime, n_threads=n_threads))


def _failed(label: str, why: str) -> PackError:
    return PackError(
        PackFault.SELF_TEST_FAILED,
        f"the self-test of {label} fails: {why}",
        advice="do not trust it on this machine; copy or make the pack again, and report the machine if it stays so",
    )

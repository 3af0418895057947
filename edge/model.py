"""A pack on a runtime: windows in millivolts in, estimates out, proven by the pack's own self-test."""

from math import isnan
from operator import ge
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from edge.errors import PackError, PackFault
from edge.interpreter import Interpreter, Tensor, open_interpreter
from edge.outcome import LabEstimate
from edge.pack import ModelPack
from edge.preprocess import preprocess
from edge.proof import prove


class Model:
    """A pack that has passed its self-test on this machine.

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

    def __init__(self, pack: ModelPack, interpreter: Interpreter) -> None:
        self.pack = pack
        self.contract = pack.manifest.preprocessing.as_preprocessing()
        self._interpreter = interpreter
        outputs = pack.manifest.outputs
        self._scales = np.array([output.logit_scale for output in outputs], np.float32)
        self._offsets = np.array([output.logit_offset for output in outputs], np.float32)
        self._thresholds = [output.threshold for output in outputs]
        self._ids, self._names = [output.id for output in outputs], [output.name for output in outputs]
        _check_fits(pack, interpreter)
        name = f"{pack.manifest.name} {pack.manifest.version}"
        prove(name, pack.self_test, interpreter, lambda millivolts: self.quantise(self.preprocess(millivolts)))

    @property
    def kernel_family(self) -> str:
        """The kernels that compute it."""
        return self._interpreter.kernel_family

    def preprocess(self, millivolts: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Apply the manifest's preprocessing to windows, shape (..., window_samples), mV."""
        return preprocess(millivolts, self.contract)

    def quantise(self, signal: NDArray[np.float32]) -> Tensor:
        """What the network takes: int8 where its input is int8, else the float32 itself."""
        quantisation = self._interpreter.input.quantisation
        return quantisation.quantise(signal) if quantisation else signal

    def infer(self, x: Tensor) -> Tensor:
        """Run the network on one preprocessed window, shape (window_samples,); shape (n_outputs,)."""
        return self._interpreter.invoke(x)[0]

    def infer_all(self, x: Tensor, batch: int) -> Tensor:
        """Run the network on preprocessed windows, `batch` at a time and what is left over one by one.

        Parameters
        ----------
        x
            Shape (n, window_samples).
        batch
            What `batch_of` gave.

        Returns
        -------
        NDArray[int8] or NDArray[float32]
            Shape (n, n_outputs).
        """
        whole = len(x) - len(x) % batch
        groups = [self._interpreter.invoke_batch(x[i : i + batch]) for i in range(0, whole, batch)]
        return np.concatenate([*groups, *(self._interpreter.invoke(row) for row in x[whole:])])

    def batch_of(self, wanted: int) -> int:
        """How many windows at once the network may be given: `wanted`, or one.

        One where the pack's model states its batch, or where the windows of the self-test do not give, bit for bit,
        together what each gives alone.
        """
        if wanted == 1:
            return 1
        test = self.pack.self_test
        inputs = np.resize(test.inputs, (wanted, *test.inputs.shape[1:]))  # repeats them as often as it takes
        try:
            together = self._interpreter.invoke_batch(inputs)
        except PackError:
            return 1
        is_int8 = self._interpreter.output.dtype == np.int8
        alone = test.outputs.get(self.kernel_family) if is_int8 else None  # the self-test has found the same here
        expected = self.infer_all(inputs, 1) if alone is None else np.resize(alone, (wanted, *alone.shape[1:]))
        return wanted if np.array_equal(together, expected) else 1

    def logits(self, y: Tensor) -> NDArray[np.float32]:
        """What the network's output means, shape (..., n_outputs), in logits."""
        quantisation = self._interpreter.output.quantisation
        real = quantisation.dequantise(y.astype(np.int8)) if quantisation else np.asarray(y, np.float32)
        return real * self._scales + self._offsets

    def decode(self, y: Tensor) -> tuple[LabEstimate, ...]:
        """Estimates of one network output.

        Raises
        ------
        PackError
            If the network gave something that is not a number.
        """
        probabilities: list[float] = expit(self.logits(y).astype(np.float64)).tolist()
        if isnan(sum(probabilities)):  # each is between 0 and 1, or not a number
            manifest = self.pack.manifest
            raise PackError(
                PackFault.NOT_A_NUMBER,
                f"{manifest.name} {manifest.version} gives an output that is not a number",
                advice="do not use this pack; what was stored before is still there",
            )
        above = map(ge, probabilities, self._thresholds)
        return tuple(map(LabEstimate, self._ids, self._names, probabilities, above))


def open_model(pack: ModelPack, *, runtime: str | None = None, n_threads: int = 1) -> Model:
    """Load a pack on a runtime of this machine; see `edge.interpreter.open_interpreter` and `Model`."""
    return Model(pack, open_interpreter(pack.model, runtime=runtime, n_threads=n_threads))


def _check_fits(pack: ModelPack, interpreter: Interpreter) -> None:
    manifest = pack.manifest
    expected_in = (1, manifest.preprocessing.window_samples)
    expected_out = (1, len(manifest.outputs))
    actual_in, actual_out = interpreter.input.shape, interpreter.output.shape
    if (actual_in, actual_out) != (expected_in, expected_out):
        raise PackError(
            PackFault.MODEL_MISMATCH,
            f"the model of {manifest.name} maps {actual_in} to {actual_out}, its manifest says {expected_in} to "
            f"{expected_out}",
            advice="make the pack again with anyecg convert",
        )

"""The self-test of a pack: what its windows gave where it was made, they must give here."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge.errors import PackError, PackFault
from edge.interpreter import Interpreter, Tensor
from edge.pack import SelfTest

_MAX_INPUT_STEP: Final = 1
"""int8 steps by which the preprocessing may differ from the one the pack was made with (rounding of ties)."""
_MAX_INPUT_ERROR: Final = 1e-3

Prepare = Callable[[NDArray[np.floating[Any]]], Tensor]
"""From windows in millivolts to what the network takes."""


def prove(label: str, test: SelfTest, interpreter: Interpreter, prepare: Prepare) -> None:
    """Run a self-test.

    Float kernels round as the processor they were written for does: only int8 has the same bits on all of them, and is
    compared bit for bit within a family of kernels. Everything else must lie within the test's tolerance.

    Parameters
    ----------
    label
        What to call the pack in errors.
    test
        Its windows and what they gave.
    interpreter
        The runtime that has loaded its model.
    prepare
        The manifest's preprocessing, quantised where the input is int8.

    Raises
    ------
    PackError
        If it fails.
    """
    _check_shapes(label, test, interpreter)
    inputs = prepare(test.windows_uv / 1000.0)
    error = np.abs(inputs.astype(np.float64) - test.inputs.astype(np.float64)).max()
    if not error <= (_MAX_INPUT_STEP if inputs.dtype == np.int8 else _MAX_INPUT_ERROR):
        raise _failed(label, f"preprocessing differs by {error:g}")
    outputs = np.stack([interpreter.invoke(x)[0] for x in test.inputs])
    family = interpreter.kernel_family
    if family in test.outputs and outputs.dtype == np.int8:
        if not np.array_equal(outputs, test.outputs[family]):
            raise _failed(label, f"{family} does not give the outputs it gave when the pack was made")
        return
    comparable = {family: test.outputs[family]} if family in test.outputs else test.outputs
    for other, expected in comparable.items():
        error = np.abs(outputs.astype(np.float64) - expected.astype(np.float64)).max()
        if not error <= test.tolerance:
            than = "what it gave when the pack was made" if other == family else other
            raise _failed(label, f"{family} differs from {than} by {error:g}, {test.tolerance:g} is allowed")


def _check_shapes(label: str, test: SelfTest, interpreter: Interpreter) -> None:
    n = len(test.inputs) if test.inputs.ndim else 0
    if not test.outputs or n == 0:
        raise _failed(label, "it has none")
    fits = (
        test.inputs.shape == test.windows_uv.shape == (n, *interpreter.input.shape[1:])
        and test.inputs.dtype == interpreter.input.dtype
        and all(y.shape == (n, *interpreter.output.shape[1:]) for y in test.outputs.values())
    )
    if not fits:
        raise _failed(label, "its arrays do not have the model's shapes")


def _failed(label: str, why: str) -> PackError:
    return PackError(
        PackFault.SELF_TEST_FAILED,
        f"the self-test of {label} fails: {why}",
        advice="do not trust it on this machine; copy or make the pack again, and report the machine if it stays so",
    )

"""The float graph against the network as torch computes it, where torch is installed."""

from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from converter.ecgfounder.checkpoint import Checkpoint


def largest_difference_from_torch(
    checkpoint: Checkpoint, inputs: NDArray[np.float32], logits: NDArray[np.float32]
) -> float | None:
    """Compare logits of the float graph with torch's.

    Parameters
    ----------
    checkpoint
        The network.
    inputs, logits
        Preprocessed windows, shape (n, window_samples), and what the graph says of them, shape (n, n_outputs).

    Returns
    -------
    float or None
        Largest absolute difference; None where torch is not installed.
    """
    if find_spec("torch") is None:
        return None
    import torch  # noqa: PLC0415 - an extra

    from converter.training.network import Net1D  # noqa: PLC0415 - needs torch

    with torch.device("meta"):
        network = Net1D(checkpoint.config)
    weights = {name: torch.from_numpy(values) for name, values in checkpoint.weights.items()}
    network.load_state_dict(weights, assign=True)
    with torch.inference_mode():
        expected = network(torch.from_numpy(inputs)).numpy()
    return float(np.abs(expected - logits).max())

"""Small students, and what a student computes, said plainly in numpy."""

import numpy as np

from converter.distil.architecture import Architecture, Form, Kind, Stage

SMALL = Architecture(
    n_outputs=3,
    window_samples=90,
    stages=(Stage(Form.WHOLE, 4, 6), Stage(Form.SEPARABLE, 6, 5), Stage(Form.SEPARABLE, 6, 3, 1, 2)),
    hidden=5,
)
DEEP = Architecture(
    n_outputs=1,
    window_samples=77,
    stages=(
        Stage(Form.SEPARABLE, 3, 4, 1),
        Stage(Form.WHOLE, 3, 5, 1),
        Stage(Form.WHOLE, 8, 3, 3, 4),
        Stage(Form.SEPARABLE, 8, 7, 2),
    ),
    hidden=4,
)


def student(architecture, weights, window):
    """Logits of one window, float64."""

    def of(layer, y):
        w, b = (weights[f"{layer.name}.{kind}"].astype(np.float64) for kind in "wb")
        y = w @ y + b if layer.kind is Kind.DENSE else along_time(layer, w, y) + b[:, None]
        return np.maximum(y, 0) if layer.relu else y

    y = window[None].astype(np.float64)
    for block in architecture.blocks():
        read = y
        for layer in block.layers:
            y = of(layer, y)
        if block.gate:
            mean = y.mean(axis=1, keepdims=True)
            y = y / (1 + np.exp(-of(block.gate.excite, of(block.gate.squeeze, mean))))
        y = np.maximum(y + read, 0) if block.adds else y
    features = y.mean(axis=1)
    for layer in architecture.head():
        features = of(layer, features)
    return features


def along_time(layer, w, x):
    n = -(-x.shape[1] // layer.stride)
    missing = max(0, (n - 1) * layer.stride + layer.kernel - x.shape[1])
    padded = np.pad(x, ((0, 0), (missing // 2, missing - missing // 2)))
    spans = [padded[:, i * layer.stride : i * layer.stride + layer.kernel] for i in range(n)]
    if layer.kind is Kind.DEPTHWISE:
        return np.stack([(w[:, 0] * span).sum(axis=1) for span in spans], axis=1)
    return np.stack([np.einsum("oik,ik->o", w, span) for span in spans], axis=1)

"""Records what TFLite Micro gives for random inputs of the shipped packs: run it when a shipped pack changes.

    python -m tests.converter.patch.record_tflm

Its interpreter takes about 75 ms a window of the larger pack: too long for every run of the tests.
"""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack
from tests.converter.patch.built import random_inputs, tflm_outputs

RANDOM, FEWER = 1_000, 250
"""Windows that are compared, and those of them that are where a core is slow to emulate."""

if __name__ == "__main__":
    recorded = {}
    for path in (SHIPPED, SHIPPED_WAVES):
        pack = read_any_pack(path)
        outputs = tflm_outputs(pack.model, random_inputs(RANDOM, pack.self_test.inputs.shape[1]))
        recorded[pack.manifest.model_sha256] = {
            "pack": pack.manifest.name,
            "sha256": {str(n): hashlib.sha256(outputs[:n].tobytes()).hexdigest() for n in (FEWER, RANDOM)},
            "tflite_micro": version("tflite-micro"),
        }
    Path(__file__).with_name("recorded_tflm.json").write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")

"""Windowed inference on a stream of single-lead ECG: blocks in, outcomes out.

No radio, no thread and no file in the data path: `InferenceLoop.push` takes a `SampleBlock` and gives the outcome of
every window it completes. Importing this loads numpy and scipy, no TFLite runtime.
"""

from edge.errors import EdgeError
from edge.loop import InferenceLoop, open_loop
from edge.outcome import Estimated, OverBudget, Rejected
from edge.pack import ModelPack, read_pack
from edge.recording import open_recording
from edge.signal import SampleBlock, Scale
from edge.store import OutcomeStore

__all__ = [
    "EdgeError",
    "Estimated",
    "InferenceLoop",
    "ModelPack",
    "OutcomeStore",
    "OverBudget",
    "Rejected",
    "SampleBlock",
    "Scale",
    "open_loop",
    "open_recording",
    "read_pack",
]

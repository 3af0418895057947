"""A synthetic heart with known truth: demonstration, calibration without data, training and self-tests."""

from edge.heart.heart import Heart, Windows
from edge.heart.labs import Labs
from edge.heart.noise import SILENT, PatchNoise
from edge.heart.stream import HeartStream
from edge.heart.traits import Traits
from edge.heart.varied import VariedHeart, VariedWindows
from edge.heart.waves import WaveTruth

__all__ = [
    "SILENT",
    "Heart",
    "HeartStream",
    "Labs",
    "PatchNoise",
    "Traits",
    "VariedHeart",
    "VariedWindows",
    "WaveTruth",
    "Windows",
]

"""A pack as C in memory: what was read, where everything lies, and the two files that are its own."""

import hashlib
from dataclasses import dataclass

from converter.patch.contract import PreprocessingSource, preprocessing_source
from converter.patch.emit import ModelSource, model_c
from converter.patch.header import Counts, Identity
from converter.patch.memory import Plan, plan_memory
from converter.patch.network import Network
from converter.patch.reading import read_network
from converter.patch.schedule import schedule
from edge.pack import ModelPack, WavesPack
from edge.quant import Quantisation


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of an export.

    Parameters
    ----------
    device_rate_hz
        Of the device's samples; None for the pack's own rate.
    picovolts_per_count
        What one count of the device is.
    self_test
        Whether the folder carries windows and the outputs they must give.
    """

    device_rate_hz: float | None = None
    picovolts_per_count: int = 1_000_000
    self_test: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What is exported.

    Parameters
    ----------
    identity
        Who it is.
    model
        The TFLite flatbuffer.
    pack
        The pack it came in; None for a plain model, which is exported without preprocessing.
    """

    identity: Identity
    model: bytes
    pack: ModelPack | WavesPack | None

    @classmethod
    def of_pack(cls, pack: ModelPack | WavesPack) -> "Source":
        """Take a pack."""
        manifest = pack.manifest
        identity = Identity(manifest.name, manifest.version, manifest.model_sha256, manifest.provenance.demonstration)
        return cls(identity, pack.model, pack)

    @classmethod
    def of_model(cls, model: bytes, name: str) -> "Source":
        """Take a plain int8 TFLite model."""
        return cls(Identity(name, "", hashlib.sha256(model).hexdigest(), demonstration=False), model, None)


@dataclass(frozen=True, slots=True, eq=False)
class Translated:
    """A pack as C.

    Parameters
    ----------
    network, plan
        What was read, and where everything lies.
    preprocessing, counts
        How device counts become the network's input, and which; None of a plain model.
    model
        ``anyecg_model.c``.
    """

    network: Network
    plan: Plan
    preprocessing: PreprocessingSource | None
    counts: Counts | None
    model: ModelSource


def translate(source: Source, options: Options) -> Translated:
    """Make the C of a pack. The same pack and options always give the same.

    Parameters
    ----------
    source, options
        What, and how.

    Raises
    ------
    ExportError
        If it has an operator or a shape that no C is made of.
    ContractError
        If its preprocessing cannot be run in fixed point.
    """
    network = read_network(source.model)
    made, counts = _preprocessing(source.pack, network.tensors[network.input].quantisation, options)
    plan = plan_memory(schedule(network), 0 if made is None else made.work_bytes)
    return Translated(network, plan, made, counts, model_c(plan, source.identity.title))


def _preprocessing(
    pack: ModelPack | WavesPack | None, x: Quantisation, options: Options
) -> tuple[PreprocessingSource | None, Counts | None]:
    if pack is None:
        return None, None
    contract = pack.manifest.preprocessing.as_preprocessing()
    rate_hz = options.device_rate_hz or contract.rate_hz
    made = preprocessing_source(contract, x, device_rate_hz=rate_hz, picovolts_per_count=options.picovolts_per_count)
    return made, Counts(made.window_samples, rate_hz, options.picovolts_per_count)

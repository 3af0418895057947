"""What a pack will cost on a board before it has run there: facts in, spans out."""

from dataclasses import dataclass, replace
from typing import Final

from benchmarks.bench.boards.judging import Basis, Figured, Verdict, Whose
from benchmarks.bench.boards.profile import Core, Loop, Profile
from edge.boards.span import Span

OF_A_CORE: Final = 0.7
"""How much of one core wearables may take together: above that a window waits long for those before it (estimate)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A pack, and how it is used.

    Parameters
    ----------
    label
        Name and version.
    model_sha256
        Of its model: what results are found by.
    macs
        Multiply-accumulates of one window of its network.
    other_macs
        Of the loop's other network: what reads the waves, or for a pack that does, what estimates.
    reads_waves
        Whether it does: its manifest then limits the reading of a window alone.
    model_mb
        Size of its model, MB (10^6 bytes).
    latency_p99_ms, resident_mb
        Its manifest's own budget.
    hop_s
        From one window to the next.
    """

    label: str
    model_sha256: str
    macs: int
    other_macs: int
    reads_waves: bool
    model_mb: float
    latency_p99_ms: float
    resident_mb: float
    hop_s: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a pack costs on a board.

    Parameters
    ----------
    profile
        The board.
    asked
        The pack.
    inference_ms
        One run of its network, one thread.
    window_ms
        One window from the block that completes it to its outcome.
    limited_ms
        As much of that as the pack's manifest limits: all, or for a pack that reads the waves the reading.
    core_share
        Of one core for one wearable, 0 to 1.
    resident_mb
        Of the process, MB (10^6 bytes).
    energy_j
        Of one window above idle, at the supply.
    """

    profile: Profile
    asked: Asked
    inference_ms: Figured
    window_ms: Figured
    limited_ms: Figured
    core_share: Figured
    resident_mb: Figured
    energy_j: Figured

    @property
    def wearables(self) -> Figured:
        """How many have room on one core at once, in whole ones."""
        n = self.core_share.span.under(OF_A_CORE)
        whole = Span(*(float(int(each)) for each in (n.low, n.typical, n.high)))
        source = f"{100 * OF_A_CORE:.0f} % of one core by one wearable's share"
        return Figured(whole, self.core_share.basis, source)

    @property
    def mean_w(self) -> Span:
        """What the board draws with one wearable, idle included, W."""
        power = self.profile.power
        return power.idle_w.span + self.energy_j.span * (1 / self.asked.hop_s)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The board's limits, and the pack's own where they are narrower or wider."""
        budgets = self.profile.budgets
        latency, resident = budgets.latency_p99_ms, budgets.resident_mb
        share, wearables = budgets.core_share, budgets.wearables
        per_cent = replace(self.core_share, span=self.core_share.span * 100)
        return (
            Verdict("latency p99, ms", latency.allowed, self.window_ms, Whose.BOARD, latency.why),
            Verdict("resident memory, MB", resident.allowed, self.resident_mb, Whose.BOARD, resident.why),
            Verdict("share of a core, %", 100 * share.allowed, per_cent, Whose.BOARD, share.why),
            Verdict("wearables at once", wearables.allowed, self.wearables, Whose.BOARD, wearables.why, at_least=True),
            Verdict("latency p99, ms", self.asked.latency_p99_ms, self.limited_ms, Whose.PACK),
            Verdict("resident memory, MB", self.asked.resident_mb, self.resident_mb, Whose.PACK),
        )

    @property
    def missed(self) -> tuple[Verdict, ...]:
        """Limits that are not expected to be kept."""
        return tuple(verdict for verdict in self.verdicts if not verdict.standing.kept)

    def __bool__(self) -> bool:
        return not self.missed


def predict(asked: Asked, profile: Profile, core: Core, loop: Loop) -> Prediction:
    """Predict what a pack costs on a board.

    Parameters
    ----------
    asked
        The pack, and how it is used.
    profile, core, loop
        The board, its core, and what the loop costs on any.
    """
    inference_ms = _ms(core.cycles_per_mac.span * float(asked.macs), profile)
    other_ms = _ms(core.cycles_per_mac.span * float(asked.other_macs), profile)
    per_instruction = core.cycles_per_instruction.span
    loop_ms = _ms(loop.window_instructions.span * per_instruction, profile)
    second_ms = _ms(loop.second_instructions.span * per_instruction, profile)
    window_ms = inference_ms + other_ms + loop_ms
    limited = _predicted(inference_ms + loop_ms, "without the loop's other network") if asked.reads_waves else None
    share = window_ms * (1e-3 / asked.hop_s) + second_ms * 1e-3
    resident_mb = loop.process_mb.span + loop.mb_per_model_mb.span * asked.model_mb
    clock = f"at {profile.clock.mhz:g} MHz"
    window = _predicted(
        window_ms,
        f"with {asked.other_macs / 1e6:,.1f} M more of the loop's other network, and "
        f"{loop.window_instructions.typical / 1e6:,.1f} M instructions of the loop {clock}",
    )
    return Prediction(
        profile,
        asked,
        inference_ms=_predicted(inference_ms, f"{asked.macs / 1e6:,.1f} M multiplications, {_each(core)} {clock}"),
        window_ms=window,
        limited_ms=limited or window,
        core_share=_predicted(
            share, f"a window every {asked.hop_s:g} s and what comes between, over the time there is"
        ),
        resident_mb=_predicted(resident_mb, f"the process, and {loop.mb_per_model_mb.typical:g} times the model"),
        energy_j=_predicted(
            window_ms * 1e-3 * profile.power.busy_core_w.span, "a window's time with one core busy, above idle"
        ),
    )


def _ms(cycles: Span, profile: Profile) -> Span:
    return cycles * (1e-3 / profile.clock.mhz)


def _each(core: Core) -> str:
    return f"{core.cycles_per_mac.typical:g} cycles each on {core.title}"


def _predicted(span: Span, source: str) -> Figured:
    return Figured(span, Basis.PREDICTED, source)

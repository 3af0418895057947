"""What an output must keep to stand in a pack, and which outputs did not."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Final

from converter.parity import OutputParity, Parity

_ARTEFACTS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Gate:
    """What is asked of each output.

    Parameters
    ----------
    least_spearman, least_spearman_spoilt
        Rank correlation with the float model over clean windows, and over windows with artefacts.
    most_flips
        Part of the clean windows whose decision at the threshold may change.
    most_auroc_shift
        How far the area under the ROC curve may move, where the windows have labels.
    """

    least_spearman: float = 0.99
    least_spearman_spoilt: float = 0.95
    most_flips: float = 0.05
    most_auroc_shift: float = 0.01

    @property
    def bearable_noise(self) -> float:
        """Noise of an output, in its standard deviations, at which rank correlations fall to the limits.

        To second order a rank correlation is 1 less the squared noise; artefacts are taken to double the noise.
        """
        left = min(1 - self.least_spearman, (1 - self.least_spearman_spoilt) / _ARTEFACTS**2)
        return sqrt(max(left, 0.0))

    def failures(self, clean: Parity, spoilt: Parity | None) -> dict[str, str]:
        """Say of each output that was not kept what it lost, by the output's id."""
        lost = {row.output_id: "; ".join(self._clean(row, clean)) for row in clean.outputs}
        for row in spoilt.outputs if spoilt else ():
            if not row.spearman >= self.least_spearman_spoilt:
                said = (
                    f"rank correlation {row.spearman:.4f} with artefacts, {self.least_spearman_spoilt:g} is asked for"
                )
                lost[row.output_id] = "; ".join(filter(None, [lost[row.output_id], said]))
        return {output_id: why for output_id, why in lost.items() if why}

    def _clean(self, row: OutputParity, parity: Parity) -> Iterator[str]:
        if not row.spearman >= self.least_spearman:
            yield f"rank correlation {row.spearman:.4f} with the float model, {self.least_spearman:g} is asked for"
        if row.flips > self.most_flips * parity.n_windows:
            yield f"{row.flips} of {parity.n_windows} decisions changed, {self.most_flips:.0%} may"
        if row.auroc_float is not None and row.auroc_converted is not None:
            shift = row.auroc_converted - row.auroc_float
            if abs(shift) > self.most_auroc_shift:
                yield f"AUROC moved by {shift:+.4f}, {self.most_auroc_shift:g} is allowed"

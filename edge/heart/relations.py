"""How laboratory values move the waves: **modelled** relations, never evidence that a pack works on patients.

Each relation has a population slope (below), which every subject multiplies by a slope of their own
(`Traits`).

Potassium below 4.1 mmol/L, per mmol/L less: T amplitude -43.1 uV, QTcF +12.8 ms, P amplitude +3.5 uV, PR
+4.6 ms (163,547 persons of the Copenhagen general-practice laboratory, PubMed 31629993; abstract read).
There they are "much weaker" between 4.2 and 6.0 mmol/L: a fifth is taken here. Above 5.5 mmol/L the textbook
sequence: T high and narrow, P flat, PR and, above 6 mmol/L, QRS longer. Its direction is textbook knowledge,
**its size is a choice of this model**.

Total calcium: QTc -2.02 ms per mg/dL more (204,530 dialysis patients, JSDT 2019; abstract read). Beyond 8.5
and 10.5 mg/dL the textbook change of the ST segment, long in hypocalcaemia and short in hypercalcaemia, with
the shape of T kept; again the direction is textbook knowledge and **the size a choice of this model**.
"""

from dataclasses import dataclass

import numpy as np

from edge.heart.draws import Floats
from edge.heart.labs import Labs
from edge.heart.traits import Traits

POTASSIUM_USUAL = (4.1, 4.2)
"""Between these, mmol/L, potassium moves nothing."""
WEAK_SHARE = 0.2
"""Slope between 4.2 and 6.0 mmol/L as a share of the slope below 4.1."""
HYPERKALAEMIA, SEVERE_HYPERKALAEMIA = 5.5, 6.0
"""Where T, P and PR begin to change as in textbooks, and where QRS does, mmol/L."""
CALCIUM_USUAL = 9.5
HYPOCALCAEMIA, HYPERCALCAEMIA = 8.5, 10.5
"""Total calcium below and above which the ST segment changes as in textbooks, mg/dL."""


@dataclass(frozen=True, slots=True, eq=False)
class ModelledChange:
    """What a draw's values do to a subject's waves; shape (n,) each.

    Parameters
    ----------
    p_mv, t_mv
        Added to the amplitudes of P and T.
    p_factor, t_factor, t_width_factor, qrs_factor
        Of the amplitude of P, the amplitude of T, the width of T and the duration of QRS.
    pr_ms
        Added to PR.
    t_broadening_ms
        Added to QTc by a broader T.
    st_ms
        Added to QTc by a longer ST segment, T keeping its shape.
    """

    p_mv: Floats
    t_mv: Floats
    p_factor: Floats
    t_factor: Floats
    t_width_factor: Floats
    qrs_factor: Floats
    pr_ms: Floats
    t_broadening_ms: Floats
    st_ms: Floats


def modelled_change(traits: Traits, labs: Labs) -> ModelledChange:
    """Work out how far the labs move each subject's waves.

    Parameters
    ----------
    traits, labs
        Of n windows, row by row.

    Returns
    -------
    ModelledChange
        Nothing is moved at 4.15 mmol/L potassium and 9.5 mg/dL calcium. Platelets and TSH are not read.
    """
    potassium, calcium = labs.potassium_mmol_per_l, labs.calcium_mg_per_dl
    lack = np.clip(POTASSIUM_USUAL[0] - potassium, 0.0, 2.5)
    lack = lack - WEAK_SHARE * np.clip(potassium - POTASSIUM_USUAL[1], 0.0, SEVERE_HYPERKALAEMIA - POTASSIUM_USUAL[1])
    excess = traits.hyperkalaemia_gain * np.clip(potassium - HYPERKALAEMIA, 0.0, 2.5)
    severe = traits.hyperkalaemia_gain * np.clip(potassium - SEVERE_HYPERKALAEMIA, 0.0, 2.0)
    # Saturating, so that a person who reacts five times as much as the mean still has a heartbeat.
    excess, severe = 2.5 * np.tanh(excess / 2.5), 2.0 * np.tanh(severe / 2.0)
    hypocalcaemia = traits.hypocalcaemia_gain * np.clip(HYPOCALCAEMIA - calcium, 0.0, 3.0)
    hypercalcaemia = traits.hypercalcaemia_gain * np.clip(calcium - HYPERCALCAEMIA, 0.0, 4.0)
    return ModelledChange(
        p_mv=0.0035 * traits.potassium_p_slope * lack,
        t_mv=-0.0431 * traits.potassium_t_slope * lack,
        p_factor=np.exp(-0.6 * excess),
        t_factor=1.0 + 0.45 * excess,
        t_width_factor=np.exp(-0.18 * excess),
        qrs_factor=1.0 + 0.22 * severe,
        pr_ms=4.6 * traits.potassium_pr_slope * lack + 12.0 * excess,
        t_broadening_ms=12.8 * traits.potassium_qtc_slope * lack,
        st_ms=-2.02 * traits.calcium_qtc_slope * (calcium - CALCIUM_USUAL)
        + 60.0 * np.tanh(15.0 * hypocalcaemia / 60.0)
        - 40.0 * np.tanh(12.0 * hypercalcaemia / 40.0),
    )

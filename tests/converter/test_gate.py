"""What an output must keep: each limit on its own, and no limit that asks less loses more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.gate import Gate
from converter.parity import OutputParity, Parity

NOTHING = {"least_spearman": -1.0, "least_spearman_spoilt": -1.0, "most_flips": 1.0, "most_auroc_shift": 1.0}


def a_gate(**limits):
    """A gate that asks nothing but what is named."""
    return Gate(**{**NOTHING, **limits})


def a_row(k=0, *, spearman=1.0, flips=0, auroc=None):
    before, after = auroc or (None, None)
    return OutputParity(f"analyte_{k}", spearman, 0.1, 0.05, flips, before, after)


def a_parity(*rows, n_windows=100):
    logits = np.zeros((n_windows, len(rows)))
    return Parity(n_windows, 0, "windows", rows, logits, logits)


CLEAN = a_parity(a_row())


def test_an_output_that_keeps_everything_fails_nothing():
    assert Gate().failures(CLEAN, CLEAN) == {}


@pytest.mark.parametrize(
    ("limit", "kept", "lost", "said"),
    [
        (
            {"least_spearman": 0.9},
            a_row(spearman=0.9),
            a_row(spearman=0.89),
            "rank correlation 0.8900 with the float model, 0.9 is asked for",
        ),
        ({"most_flips": 0.05}, a_row(flips=5), a_row(flips=6), "6 of 100 decisions changed, 5% may"),
        (
            {"most_auroc_shift": 0.0625},
            a_row(auroc=(0.75, 0.6875)),
            a_row(auroc=(0.75, 0.625)),
            "AUROC moved by -0.1250, 0.0625 is allowed",
        ),
    ],
    ids=["rank correlation", "decisions", "AUROC"],
)
def test_each_limit_on_clean_windows_stands_alone_and_allows_what_it_names(limit, kept, lost, said):
    gate = a_gate(**limit)
    assert gate.failures(a_parity(kept), None) == {}
    assert gate.failures(a_parity(lost), None) == {"analyte_0": said}
    assert a_gate().failures(a_parity(lost), None) == {}


def test_the_limit_with_artefacts_asks_nothing_of_clean_windows_and_the_other_way_round():
    lost = a_parity(a_row(spearman=0.5))
    said = "rank correlation 0.5000 with artefacts, 0.9 is asked for"
    assert a_gate(least_spearman_spoilt=0.9).failures(lost, CLEAN) == {}
    assert a_gate(least_spearman_spoilt=0.9).failures(CLEAN, lost) == {"analyte_0": said}
    assert a_gate(least_spearman=0.9).failures(CLEAN, lost) == {}


def test_decisions_with_artefacts_may_change():
    assert a_gate(most_flips=0.0).failures(CLEAN, a_parity(a_row(flips=50))) == {}


def test_auroc_that_rises_has_moved_too():
    assert a_gate(most_auroc_shift=0.01).failures(a_parity(a_row(auroc=(0.75, 0.8))), None)


def test_without_labels_nothing_is_asked_of_auroc():
    assert a_gate(most_auroc_shift=0.0).failures(CLEAN, None) == {}


@pytest.mark.parametrize("clean", [True, False])
def test_an_output_without_a_rank_correlation_was_not_kept_whatever_is_asked(clean):
    none = a_parity(a_row(spearman=float("nan")))
    assert a_gate().failures(*((none, CLEAN) if clean else (CLEAN, none))).keys() == {"analyte_0"}


def test_what_was_lost_is_told_output_by_output_and_all_of_it():
    clean = a_parity(a_row(0), a_row(1, spearman=0.5, flips=9), a_row(2))
    spoilt = a_parity(a_row(0, spearman=0.5), a_row(1, spearman=0.5), a_row(2))
    failures = Gate().failures(clean, spoilt)
    assert failures.keys() == {"analyte_0", "analyte_1"}
    assert failures["analyte_1"].count("; ") == 2


parts = st.floats(0, 1)
correlations = st.one_of(st.floats(-1, 1), st.just(float("nan")))
rows = st.lists(
    st.tuples(correlations, st.integers(0, 100), st.one_of(st.none(), st.tuples(parts, parts))), min_size=1, max_size=4
)
gates = st.builds(Gate, st.floats(-1, 1), st.floats(-1, 1), parts, parts)


def parity_of(drawn):
    return a_parity(*(a_row(k, spearman=s, flips=f, auroc=a) for k, (s, f, a) in enumerate(drawn)))


@given(gates, gates, rows, st.booleans())
def test_a_gate_that_asks_less_never_fails_more(one, other, drawn, spoilt):
    looser = Gate(
        min(one.least_spearman, other.least_spearman),
        min(one.least_spearman_spoilt, other.least_spearman_spoilt),
        max(one.most_flips, other.most_flips),
        max(one.most_auroc_shift, other.most_auroc_shift),
    )
    parity = parity_of(drawn)
    lost = looser.failures(parity, parity if spoilt else None)
    assert lost.keys() <= one.failures(parity, parity if spoilt else None).keys()
    assert looser.bearable_noise >= one.bearable_noise


@given(gates, rows)
def test_windows_with_artefacts_add_failures_and_take_none_away(gate, drawn):
    parity = parity_of(drawn)
    assert gate.failures(parity, None).keys() <= gate.failures(parity, parity).keys()


def test_a_gate_that_asks_for_equality_bears_no_noise():
    assert (a_gate(least_spearman=1.0).bearable_noise, a_gate(least_spearman_spoilt=1.0).bearable_noise) == (0.0, 0.0)

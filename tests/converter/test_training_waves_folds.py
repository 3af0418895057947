from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from converter.training.waves.folds import N_FOLDS, fold_of_patients
from edge.waves.marks import BEAT_CLASSES
from tests.converter.labelled_waves import labelled

N, S, V, *_ = range(len(BEAT_CLASSES))
recordings = st.lists(
    st.builds(
        lambda source, patient, s, v: labelled(source, str(patient), 64, classes=[S] * s + [V] * v),
        st.sampled_from(["mitdb", "ludb", "cinc2017"]), st.integers(0, 20), st.integers(0, 3), st.integers(0, 3),
    ),
    max_size=30,
)  # fmt: skip


@given(recordings)
def test_each_patient_is_in_one_fold(made):
    fold = fold_of_patients(made)
    assert set(fold) == {r.patient for r in made}
    assert set(fold.values()) <= set(range(N_FOLDS))


@given(recordings)
def test_folds_of_a_source_are_of_one_size_but_for_one(made):
    sizes = defaultdict(lambda: [0] * N_FOLDS)
    for patient, fold in fold_of_patients(made).items():
        sizes[patient.partition("/")[0]][fold] += 1
    assert all(max(n) - min(n) <= 1 for n in sizes.values())


@given(recordings, st.randoms())
def test_folds_do_not_depend_on_the_order_of_recordings(made, random):
    turned = made.copy()
    random.shuffle(turned)
    assert fold_of_patients(turned) == fold_of_patients(made)


@given(st.lists(st.integers(0, 5), min_size=N_FOLDS, max_size=N_FOLDS, unique=True))
def test_those_with_supraventricular_beats_are_dealt_out_first(beats):
    made = [labelled("mitdb", f"with{i}", 64, classes=[S] * (10 + n)) for i, n in enumerate(beats)]
    made += [labelled("mitdb", f"without{i}", 64, classes=[V]) for i in range(7)]
    fold = fold_of_patients(made)
    assert sorted(fold[f"mitdb/with{i}"] for i in range(N_FOLDS)) == list(range(N_FOLDS))


def test_two_leads_of_a_patient_are_in_one_fold():
    made = [labelled("mitdb", str(i), 64) for i in (*range(12), *range(12))]
    assert len(fold_of_patients(made)) == 12

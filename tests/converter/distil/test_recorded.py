"""Recordings to learn from and to report on: no person in both."""

import numpy as np
import pytest

from converter.calibration import synthetic_windows
from converter.distil.errors import DistilError, DistilFault
from converter.distil.recorded import People, batches, files_of, read_people
from converter.distil.windows import RECORDED
from converter.windows.sources import Reader
from edge.heart import SILENT, Heart
from edge.preprocess import ECGFOUNDER

READER = Reader(ECGFOUNDER)


def save(path, n, seed):
    keys = np.column_stack([np.full(n, seed), np.arange(n), np.zeros(n, np.int64)])
    np.savez(path, millivolts=Heart(seed).windows(keys, noise=SILENT).millivolts)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Ten people with two windows each, one with eight, one file that is nothing, and a copy."""
    at = tmp_path_factory.mktemp("recordings")
    for seed in range(10):
        save(at / f"p{seed}.npz", 2, seed)
    save(at / "data_7_1.npz", 4, 20)
    save(at / "data_7_2.npz", 4, 21)
    (at / "nothing.csv").write_text("")
    (at / "zz_copy.npz").write_bytes((at / "p3.npz").read_bytes())
    return at


def bytes_of(side):
    return {window.millivolts.tobytes() for person in side for window in person.windows}


def test_people_are_apart_with_about_a_quarter_of_the_windows_held_back(folder):
    people = read_people([folder], READER, most_each=50, seed=0)
    names = [{person.name for person in side} for side in (people.training, people.held_back)]
    assert not names[0] & names[1]
    assert names[0] | names[1] == {*(f"p{seed}" for seed in range(10)), "7"}
    learned, held = bytes_of(people.training), bytes_of(people.held_back)
    assert not learned & held
    assert len(learned | held) == 28
    assert 5 <= len(held) <= 9
    assert people.unreadable == ("nothing.csv",)
    assert people.origin.startswith(f"recordings ({folder.name}), {len(learned)} windows of")


def test_recordings_that_are_of_one_person_by_their_names_stay_together(folder):
    people = read_people([folder], READER, most_each=50, seed=0)
    (person,) = [person for person in (*people.training, *people.held_back) if person.name == "7"]
    assert len(person.windows) == 8


def test_the_choice_is_that_of_the_seed(folder):
    sides = [read_people([folder], READER, most_each=1, seed=seed) for seed in (1, 1, 2)]
    assert bytes_of(sides[0].held_back) == bytes_of(sides[1].held_back)
    assert bytes_of(sides[0].held_back) != bytes_of(sides[2].held_back)


def test_the_one_person_there_is_is_parted_in_time(tmp_path):
    save(tmp_path / "alone.npz", 8, 5)
    people = read_people([tmp_path / "alone.npz"], READER, most_each=50, seed=0)
    assert [len(side[0].windows) for side in (people.training, people.held_back)] == [6, 2]
    with np.load(tmp_path / "alone.npz") as stored:
        last = stored["millivolts"][6:]
    assert bytes_of(people.held_back) == {window.tobytes() for window in last}


def test_windows_come_in_batches_with_no_truth(folder):
    people = read_people([folder], READER, most_each=50, seed=0)
    made = list(batches(people.training, 3))
    assert sum(len(batch.millivolts) for batch in made) == sum(len(person.windows) for person in people.training)
    assert len({batch.subjects[0] for batch in made}) == len(people.training)
    assert all(np.isnan(batch.labels).all() and batch.kind == RECORDED for batch in made)


def test_no_recordings_are_no_people():
    assert (files_of([]), People().origin, list(batches((), 3))) == ([], "", [])


@pytest.mark.parametrize("what", ["an empty folder", "noise alone", "one window"])
def test_recordings_that_give_nothing_are_refused(what, tmp_path):
    if what == "noise alone":
        np.savez(tmp_path / "noise.npz", millivolts=np.random.default_rng(0).normal(0, 1, (4, 5000)))
    elif what == "one window":
        np.savez(tmp_path / "one.npz", millivolts=synthetic_windows(ECGFOUNDER, 8, seed=1).millivolts[:1])
    with pytest.raises(DistilError) as refused:
        read_people([tmp_path], READER, most_each=10, seed=0)
    assert refused.value.fault is DistilFault.NOTHING_RECORDED


def test_the_reason_why_nothing_can_be_read_is_named(tmp_path):
    with pytest.raises(DistilError, match="no window of 1 recording can be read: there is no recording"):
        read_people([tmp_path / "none"], READER, most_each=10, seed=0)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import NotAssessable
from training.splits import patient_folds


def rows_of(n_events, n_others, rows_each=3):
    patients = np.repeat([f"p{i:03d}" for i in range(n_events + n_others)], rows_each)
    outcome = np.zeros(len(patients))
    outcome[: n_events * rows_each : rows_each] = 1.0
    return patients, outcome


@given(st.integers(2, 30), st.integers(2, 60), st.integers(2, 6), st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_no_patient_is_on_both_sides_and_every_row_is_held_out_once(events, others, count, seed):
    patients, outcome = rows_of(events, others)
    folds = patient_folds(patients, outcome, count, repeats=2, seed=seed)
    for repeat in range(2):
        held_out = [f.test for f in folds.folds if f.repeat == repeat]
        assert sorted(np.concatenate(held_out)) == list(range(len(patients)))
    for fold in folds.folds:
        assert not set(patients[fold.train]) & set(patients[fold.test])
        assert outcome[fold.test].max() == 1.0
        assert len(set(patients[fold.test])) >= 2


def test_event_patients_are_spread_evenly():
    patients, outcome = rows_of(31, 104)
    folds = patient_folds(patients, outcome, 5, seed=4)
    events = [outcome[f.test].sum() for f in folds.folds]
    sizes = [len(set(patients[f.test])) for f in folds.folds]
    assert max(events) - min(events) <= 1
    assert max(sizes) - min(sizes) <= 1


def test_the_same_seed_gives_the_same_folds_whatever_the_row_order():
    patients, outcome = rows_of(8, 20)
    shuffle = np.random.default_rng(0).permutation(len(patients))
    first = patient_folds(patients, outcome, 4, seed=9)
    second = patient_folds(patients[shuffle], outcome[shuffle], 4, seed=9)
    for a, b in zip(first.folds, second.folds, strict=True):
        assert set(patients[a.test]) == set(patients[shuffle][b.test])


def test_repeats_and_seeds_deal_differently():
    patients, outcome = rows_of(8, 20)
    folds = patient_folds(patients, outcome, 4, repeats=2, seed=1).folds
    other = patient_folds(patients, outcome, 4, seed=2).folds
    assert not np.array_equal(folds[0].test, folds[4].test)
    assert not np.array_equal(folds[0].test, other[0].test)


def test_copies_of_a_patient_drawn_twice_stay_together():
    patients, outcome = rows_of(6, 12)
    drawn = np.random.default_rng(0).integers(0, len(patients), 200)
    for fold in patient_folds(patients[drawn], outcome[drawn], 2, seed=0).folds:
        assert not set(patients[drawn][fold.train]) & set(patients[drawn][fold.test])


def test_three_event_patients_reduce_five_folds_to_three_and_say_so():
    patients, outcome = rows_of(3, 40)
    folds = patient_folds(patients, outcome, 5)
    assert folds.count == 3
    assert folds.notes == ("3 folds instead of 5: 3 patients have the event and 40 do not.",)


def test_ten_events_are_enough_for_five_folds():
    patients, outcome = rows_of(10, 50)
    assert patient_folds(patients, outcome, 5).notes == ()


@pytest.mark.parametrize(("events", "others"), [(0, 20), (1, 20), (20, 0), (20, 1), (0, 0)])
def test_one_class_cannot_be_assessed_and_the_message_says_what_to_do(events, others):
    patients, outcome = rows_of(events, others)
    with pytest.raises(NotAssessable, match=f"{events} patients with the event and {others}"):
        patient_folds(patients, outcome, 5)

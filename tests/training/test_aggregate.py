"""What leaves a hospital holds figures of groups and no small cell."""

import json

import pytest

from features.errors import NotAssessable
from tests.training.made_up import a_plan, daily_courses
from training.aggregate import shareable, shareable_transport
from training.elsewhere import evaluate_elsewhere
from training.fit import fit
from training.judging.small_cells import FEWEST_OF_A_CLASS, FEWEST_PATIENTS
from training.plan import EvaluationPlan
from training.references import Referred


@pytest.fixture(scope="module")
def model():
    plan = a_plan(evaluation=EvaluationPlan(bootstrap=60))
    return Referred("made up", fit(daily_courses(signal=1.5), plan, audit=None).model)


@pytest.fixture(scope="module")
def evaluation(model):
    return evaluate_elsewhere(model, daily_courses(signal=1.5, seed=7), 60).table


def test_the_headline_is_shared_as_it_is(evaluation):
    told = shareable(evaluation)
    for name in ("n_patients", "model", "comparators", "differences", "verdict"):
        assert told[name] == evaluation[name]


def test_nothing_that_names_patients_or_the_very_cohort_is_in_it(evaluation):
    told = json.dumps(shareable(evaluation))
    assert evaluation["cohort"]["fingerprint"] not in told
    assert 'curve":' not in told.replace('decision_curve":', "")
    for patient in range(60):
        assert f"P{patient:03d}" not in told
        assert f"C{patient:03d}" not in told


def parts_of(told):
    """Every part with counts, at any depth."""
    if isinstance(told, dict):
        if "n_patients" in told:
            yield told
        for one in told.values():
            yield from parts_of(one)
    elif isinstance(told, list):
        for one in told:
            yield from parts_of(one)


def test_no_part_that_is_told_is_small(model):
    """Whatever the cohort: few events on some days, on all, on none."""
    for seed, events in ((7, 6), (8, 12), (9, 30), (10, 54)):
        found = evaluate_elsewhere(model, daily_courses(events=events, seed=seed), 60).table
        for part in parts_of(shareable(found)):
            if part["n_patients"] is None:
                continue
            assert part["n_patients"] >= FEWEST_PATIENTS
            if part.get("n_event_patients") is not None:
                assert part["n_event_patients"] >= FEWEST_OF_A_CLASS


def test_one_day_held_back_takes_another_with_it(evaluation):
    days = [
        {"landmark_day": day, "n_rows": n, "n_patients": n, "n_event_rows": 6,
         "n_event_patients": 6, "model": {"auroc": 0.7}}
        for day, n in enumerate((60, 50, 8))
    ]  # fmt: skip
    told = shareable({**evaluation, "by_landmark_day": days})["by_landmark_day"]
    assert ["n_patients" in day for day in told] == [True, False, False]
    assert "could be found" in told[1]["note"]


def test_events_of_days_that_are_held_back_cannot_be_found_by_subtraction(evaluation):
    """Two days of 9 and 9 patients, 1 event between them: a third day goes with them."""
    days = [
        {"landmark_day": day, "n_rows": n, "n_patients": n, "n_event_rows": events,
         "n_event_patients": events, "model": {"auroc": 0.7}}
        for day, (n, events) in enumerate(((60, 12), (50, 7), (9, 1), (9, 0)))
    ]  # fmt: skip
    told = shareable({**evaluation, "by_landmark_day": days})["by_landmark_day"]
    assert ["n_event_patients" in day for day in told] == [True, False, False, False]


def test_of_groups_that_could_not_be_judged_nothing_can_be_found_by_subtraction():
    def counts(n, events):
        return {"n_rows": 3 * n, "n_patients": n, "n_event_rows": events,
                "n_event_patients": events}  # fmt: skip

    table = {
        "by": "site", "question": {}, "cohort": {"name": "a ward"}, "left_out": {},
        "groups": [{"group": "north", "learnt_from": counts(34, 14), **counts(50, 20)},
                   {"group": "south", "learnt_from": counts(54, 22), **counts(30, 12)}],
        "pooled": counts(80, 32), "not_assessable": {"west": "few"}, "whole": counts(84, 34),
    }  # fmt: skip
    told = shareable_transport(table)
    assert told["pooled"]["n_patients"] is None
    assert [one["n_patients"] for one in told["groups"]] == [50, None]
    assert [one["n_event_patients"] for one in told["groups"]] == [20, None]
    assert "learnt_from" not in told["groups"][0]
    many = shareable_transport(table | {"whole": counts(110, 40)})
    assert many["pooled"]["n_patients"] == 80
    every = shareable_transport(table | {"not_assessable": {}, "whole": counts(80, 32)})
    assert [one["n_patients"] for one in every["groups"]] == [50, 30]
    unsaid = {key: part for key, part in table.items() if key != "whole"}
    assert shareable_transport(unsaid)["pooled"]["n_patients"] is None


def test_a_cohort_too_small_as_a_whole_is_not_shared(model):
    found = evaluate_elsewhere(model, daily_courses(events=4, seed=7), 60).table
    with pytest.raises(NotAssessable, match="not shared: fewer than 5 patients with the event"):
        shareable(found)


def test_a_threshold_that_few_cross_is_named_without_a_figure(evaluation):
    """Times and shares at it would be those of single patients."""
    told, patients, events = shareable(evaluation), 60, evaluation["n_event_patients"]
    whole = [row for rows in _rows_of(evaluation["thresholds"]) for row in rows]
    shared = [row for rows in _rows_of(told["thresholds"]) for row in rows]
    assert [one["threshold"] for one in shared] == [one["threshold"] for one in whole]
    held = 0
    for row, one in zip(whole, shared, strict=True):
        caught = round(row["event_patient_sensitivity"]["estimate"] * events)
        alerted = round(row["alerted_patients"]["estimate"] * patients)
        few = 0 < caught < FEWEST_OF_A_CLASS or 0 < events - caught < FEWEST_OF_A_CLASS
        few |= 0 < alerted < FEWEST_PATIENTS or 0 < patients - alerted < FEWEST_PATIENTS
        assert (set(one) == {"threshold", "tier", "note"}) == few
        held += few
        if not few and row["warning_days_median"]["estimate"] is not None:
            assert one["warning_days_median"]["estimate"] == pytest.approx(
                row["warning_days_median"]["estimate"], abs=0.0051
            )
    assert 0 < held < len(whole)


def _rows_of(thresholds):
    return [thresholds["model"], *thresholds["comparators"].values()]


def test_a_subset_whose_complement_is_small_is_held_back(evaluation):
    part = {"n_patients": evaluation["n_patients"] - 3,
            "n_event_patients": evaluation["n_event_patients"] - 2, "model": {}}  # fmt: skip
    told = shareable({**evaluation, "subsets": {"most": part}})
    assert set(told["subsets"]["most"]) == {"note"}

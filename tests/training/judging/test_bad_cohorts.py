"""No event, one event, one patient, equal risks, risks of 0 and 1: every block still answers."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.training.judging.an_evaluation import numbers, some_judged, some_risks, some_rows
from training.judging.brier_parts import brier_parts
from training.judging.calibration_curve import calibration
from training.judging.net_benefit import decision_curve
from training.judging.thresholds import thresholds

BLOCKS = (calibration, brier_parts, thresholds, decision_curve)


def no_event():
    rows = some_rows(event_patients=0)
    return rows, some_risks(rows)


def one_event():
    quiet = some_rows(event_patients=0)
    facts = quiet.facts.copy()
    facts.loc[7, "event_instant"] = facts.loc[7, "instant"] + 1.0
    rows = replace(quiet, y=np.eye(len(quiet))[7], facts=facts)
    return rows, some_risks(rows)


def only_events():
    rows = some_rows().take(np.flatnonzero(some_rows().y == 1))
    return rows, some_risks(rows)


def one_patient():
    rows = some_rows(patients=1, event_patients=1)
    return rows, some_risks(rows)


def one_row():
    rows = some_rows(patients=1, event_patients=1).take(np.array([0]))
    return rows, some_risks(rows)


def no_row():
    rows = some_rows().take(np.array([], dtype=np.int64))
    return rows, {"model": np.empty((2, 0)), "current_grade": np.empty((2, 0))}


def equal_risks():
    rows = some_rows()
    return rows, {"model": np.full((2, len(rows)), 0.2), "current_grade": np.zeros((2, len(rows)))}


def risks_of_zero_and_one():
    rows = some_rows()
    sure = (np.arange(len(rows)) % 2).astype(float)
    return rows, {"model": np.tile(sure, (2, 1)), "current_grade": np.ones((2, len(rows)))}


CASES = (
    no_event,
    one_event,
    only_events,
    one_patient,
    one_row,
    no_row,
    equal_risks,
    risks_of_zero_and_one,
)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@pytest.mark.parametrize("replicates", [0, 60])
def test_a_block_answers_in_plain_finite_data(block, case, replicates):
    judged = some_judged(*case(), replicates=replicates)
    table = block(judged)
    list(numbers(table))
    json.dumps(table, allow_nan=False)
    assert "P0" not in json.dumps(table)
    assert "C0" not in json.dumps(table)


def test_what_cannot_be_said_without_events_is_none_and_has_a_reason():
    judged = some_judged(*no_event())
    table = thresholds(judged)
    assert table["model"][0]["sensitivity"]["estimate"] is None
    assert table["model"][0]["specificity"]["estimate"] is not None
    assert table["model"][0]["warning_days_median"]["estimate"] is None
    assert table["reason"]
    curve = decision_curve(judged)
    assert curve["model"]["standardised_net_benefit"]["estimate"][0] is None
    assert curve["reason"]
    assert calibration(judged)["model"]["reason"]
    assert brier_parts(judged)["model"]["scaled_brier"]["estimate"] is None

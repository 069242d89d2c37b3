"""Records that only one outcome has, entry against time, and garbled numbers of one outcome."""

import numpy as np
import pandas as pd
import pytest

from tests.training.audited import Audited, patients_with_the_event
from training.audit_rules.missingness import only_event_patients_have_a_kind_of_record
from training.audit_rules.rhythm import results_are_dated_against_their_order_of_entry
from training.audit_rules.values import implausible_values_follow_the_outcome


def with_input(made: Audited, courses: set[str], name: str, day: float) -> Audited:
    extra = pd.DataFrame({"course_id": sorted(courses), "day": day, "known_day": day + 0.1})
    made.measurements = pd.concat(
        [made.measurements, extra.assign(input=name, value=5.0)], ignore_index=True
    )
    return made


def events(made: Audited) -> set[str]:
    return set(made.rows.loc[made.rows["outcome"] == 1, "course_id"])


def toxicity_begins_on(made: Audited, day: float) -> None:
    late = made.grades["day"].astype(float) < day
    made.grades.loc[late, "grade"] = 0.0


def test_an_input_only_event_patients_have_before_any_toxicity_is_refused() -> None:
    made = Audited()
    toxicity_begins_on(made, 2.0)
    finding = only_event_patients_have_a_kind_of_record(
        with_input(made, events(made), "d_dimer_ng_ml_feu", -1.0).evidence()
    )
    assert finding.severity == "refuse"
    assert finding.columns == ("d_dimer_ng_ml_feu",)


def test_an_input_asked_for_once_toxicity_begins_is_honest() -> None:
    made = Audited()
    toxicity_begins_on(made, 2.0)
    finding = only_event_patients_have_a_kind_of_record(
        with_input(made, events(made), "d_dimer_ng_ml_feu", 3.0).evidence()
    )
    assert finding.severity == "note"


@pytest.mark.parametrize(("agent", "severity"), [("antibiotic", "refuse"), ("tocilizumab", "note")])
def test_drug_charts_of_event_patients_only(agent: str, severity: str) -> None:
    made = Audited()
    given = pd.DataFrame({"course_id": sorted(events(made)), "start_day": 1.0, "agent": agent})
    cohort = made.cohort()
    cohort.treatments = pd.concat([cohort.treatments, given])[cohort.treatments.columns]
    evidence = made.evidence()
    object.__setattr__(evidence, "cohort", cohort)
    assert only_event_patients_have_a_kind_of_record(evidence).severity == severity


def in_order_of_entry(backdated: bool) -> Audited:
    made = Audited()
    made.measurements = made.measurements.sort_values(["course_id", "day"], ignore_index=True)
    made.measurements["source_row"] = np.arange(1.0, len(made.measurements) + 1)
    if backdated:
        late = patients_with_the_event(made) & (made.measurements["day"] > 4).to_numpy()
        made.measurements.loc[late, ["day", "known_day"]] -= 3.0
    return made


@pytest.mark.parametrize(("backdated", "severity"), [(True, "refuse"), (False, "note")])
def test_results_that_step_back_in_the_order_of_entry(backdated: bool, severity: str) -> None:
    evidence = in_order_of_entry(backdated).evidence()
    assert results_are_dated_against_their_order_of_entry(evidence).severity == severity


@pytest.mark.parametrize(("of_events_only", "severity"), [(True, "refuse"), (False, "note")])
def test_garbled_numbers(of_events_only: bool, severity: str) -> None:
    made = Audited()
    hit = made.rng.random(len(made.measurements)) < 0.3
    if of_events_only:
        hit &= patients_with_the_event(made)
    made.measurements["value"] = made.measurements["value"].mask(hit, 60000.0)
    assert implausible_values_follow_the_outcome(made.evidence()).severity == severity

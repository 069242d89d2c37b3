"""The audit refuses planted leaks, passes clean cohorts, and shows no patient's value."""

import json

import numpy as np
import pandas as pd
import pytest

from features.errors import AuditRefusal, CohortError, PlanError
from tests.training.audited import QUESTION, Audited
from training.audit import RULES, AuditReport, audit
from training.audit_rules.fills import repeated_values


def severity(report: AuditReport, rule: str) -> str:
    return next(finding.severity for finding in report.findings if finding.rule == rule)


@pytest.mark.parametrize("seed", range(4))
def test_a_clean_cohort_is_not_refused(seed: int) -> None:
    report = Audited(seed).audit()
    assert report.refusals == []
    report.raise_if_refused()


def test_every_rule_answers_once_under_its_own_name() -> None:
    report = Audited().audit()
    assert [finding.rule for finding in report.findings] == list(RULES)


def test_blanks_that_follow_the_outcome_are_refused_and_named() -> None:
    made = Audited()
    hidden = (made.rows["outcome"] == 0) & (made.rng.random(len(made.rows)) < 0.8)
    made.X["ferritin_ng_ml__last"] = np.where(hidden, np.nan, 500.0)
    rule = "missingness_alone_predicts_the_outcome"
    report = made.audit()
    assert [finding.rule for finding in report.refusals] == [rule]
    assert report.refusals[0].columns[0] == "ferritin_ng_ml__last"
    assert report.refusals[0].low > 0.75


def test_blanks_that_follow_the_grade_alone_are_not_refused() -> None:
    made = Audited()
    made.X["il6_pg_ml__last"] = np.where(made.rows["current_grade"] > 0, 80.0, np.nan)
    assert severity(made.audit(), "missingness_alone_predicts_the_outcome") != "refuse"


def test_a_column_that_holds_the_outcome_is_refused() -> None:
    made = Audited()
    made.X["temperature_c__last"] = 37 + 0.2 * made.rng.random(len(made.X))
    made.X.loc[made.rows["outcome"] == 1, "temperature_c__last"] += 60
    finding = next(f for f in made.audit().refusals)
    assert finding.rule == "one_predictor_nearly_determines_the_outcome"
    assert finding.columns == ("temperature_c__last",)


def test_a_fill_by_grade_is_noticed() -> None:
    made = Audited()
    fill = made.rows["current_grade"].map({0.0: 231.5, 1.0: 262.5})
    filled = made.rng.random(len(fill)) < 0.4
    ldh = made.measurements["input"] == "ldh_u_l"
    value = made.measurements["value"].to_numpy().copy()
    value[ldh.to_numpy()] = np.where(filled, fill, value[ldh.to_numpy()])
    made.measurements["value"] = value
    finding = next(f for f in made.audit().findings if f.rule == "repeated_values_follow_the_grade")
    assert finding.severity == "warn"
    assert finding.columns == ("ldh_u_l",)


def test_a_detection_limit_is_no_fill() -> None:
    rng = np.random.default_rng(1)
    crp = np.maximum(rng.lognormal(1, 1, 2000).round(2), 1.0)
    assert len(repeated_values(crp)) == 0
    assert list(repeated_values(np.r_[crp, np.full(80, 3.205)])) == [3.205]


def test_copied_patients_are_refused() -> None:
    made = Audited()
    copied = made.measurements[made.measurements["course_id"].isin([f"c{n}" for n in range(6)])]
    others = made.measurements[
        ~made.measurements["course_id"].isin([f"c{n}" for n in range(100, 106)])
    ]
    renamed = copied.assign(course_id="c10" + copied["course_id"].str[1:])
    made.measurements = pd.concat([others, renamed])
    finding = next(f for f in made.audit().refusals)
    assert finding.rule == "courses_are_duplicated"
    assert finding.row_counts["courses_like_another_patient"] == 12


def test_results_from_the_future_are_refused() -> None:
    made = Audited()
    early = made.measurements["input"] == "crp_mg_l"
    cohort = made.cohort()
    cohort.measurements.loc[early.to_numpy(), "known_day"] = -1.0
    report = audit(cohort, QUESTION, made.X, made.rows)
    finding = next(f for f in report.refusals)
    assert finding.rule == "results_are_known_before_they_happened"
    assert finding.columns == ("crp_mg_l",)


def test_events_from_one_source_and_none_from_the_other_are_refused() -> None:
    made = Audited(rate=0.5)
    made.rows["site"] = np.where(
        made.rows["patient_id"].isin(made.rows.loc[made.rows["outcome"] == 1, "patient_id"]),
        "second source",
        "first source",
    )
    assert severity(made.audit(), "a_site_holds_one_class_only") == "refuse"


@pytest.mark.parametrize("events", [0, 3, 9])
def test_too_few_events_are_not_called_clean(events: int) -> None:
    made = Audited()
    kept = [f"p{n}" for n in np.flatnonzero(made.ever)[:events]]
    made.rows.loc[~made.rows["patient_id"].isin(kept), "outcome"] = 0.0
    report = made.audit()
    assert severity(report, "too_few_event_patients") == ("refuse" if events < 5 else "warn")
    unanswered = [finding for finding in report.findings if not finding.assessable]
    assert {finding.rule for finding in unanswered} >= {
        "one_predictor_nearly_determines_the_outcome",
        "all_predictors_together_nearly_determine_the_outcome",
        "missingness_alone_predicts_the_outcome",
        "number_and_spacing_of_results_predict_the_outcome",
        "units_or_number_format_predict_the_outcome",
        "row_order_predicts_the_outcome",
        "site_alone_predicts_the_outcome",
        "repeated_values_follow_the_outcome",
    }


def test_a_cohort_without_measurements_can_be_audited() -> None:
    made = Audited()
    made.measurements = made.measurements.iloc[:0]
    made.X = made.X[["day"]]
    assert made.audit().refusals == []


def test_undetermined_rows_are_left_out() -> None:
    made = Audited()
    made.rows.loc[::2, "outcome"] = np.nan
    assert made.audit().n_rows == len(made.rows) // 2


def test_labels_and_predictors_come_from_the_same_landmarks() -> None:
    made = Audited()
    with pytest.raises(CohortError, match="1000 labels"):
        audit(made.cohort(), QUESTION, made.X.iloc[:10], made.rows)


def refused() -> AuditReport:
    made = Audited()
    made.X["crs_grade"] = made.rows["outcome"] + made.rng.normal(0, 0.01, len(made.X))
    return made.audit()


def test_a_refusal_names_rule_columns_and_way_out() -> None:
    with pytest.raises(AuditRefusal, match="one_predictor_nearly_determines") as refusal:
        refused().raise_if_refused()
    assert "crs_grade" in str(refusal.value)
    assert "[audit.override]" in str(refusal.value)


def test_a_refusal_whose_findings_were_listed_does_not_repeat_them() -> None:
    report = refused()
    with pytest.raises(AuditRefusal, match="refuses to fit") as refusal:
        report.raise_if_refused(listed=True)
    assert "[audit.override]" in str(refusal.value)
    for finding in report.refusals:
        assert str(refusal.value).count(finding.rule) == 1
        assert finding.text not in str(refusal.value)


def test_an_override_by_name_and_reason_lets_the_fit_go_on() -> None:
    reasons = {finding.rule: "a teaching example" for finding in refused().refusals}
    report = refused().with_overrides(reasons)
    report.raise_if_refused()
    assert report.overrides == reasons
    assert report.verdict == "overridden"


def test_an_override_of_one_rule_lets_another_refusal_stand() -> None:
    rule = "one_predictor_nearly_determines_the_outcome"
    report = refused().with_overrides({rule: "a teaching example"})
    with pytest.raises(AuditRefusal, match="all_predictors_together"):
        report.raise_if_refused()
    assert report.verdict == "refused"


def test_an_override_of_what_is_not_refused_changes_nothing() -> None:
    report = Audited().audit().with_overrides({"courses_are_duplicated": "not needed"})
    assert report.overrides == {}


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"no_such_rule": "because"}, "does not exist"),
        ({"courses_are_duplicated": " "}, "reason"),
        ({"courses_are_duplicated": "because"}, "10 characters"),
    ],
)
def test_an_override_needs_a_rule_that_exists_and_a_reason(
    overrides: dict[str, str], said: str
) -> None:
    with pytest.raises(PlanError, match=said):
        Audited().audit().with_overrides(overrides)


def test_a_report_is_json_and_a_page_without_any_value_of_a_patient() -> None:
    made = Audited()
    secret = 4711.125
    made.measurements.iloc[7, made.measurements.columns.get_loc("value")] = secret
    made.X.iloc[3, 1] = secret
    report = made.audit()
    text = json.dumps(report.to_dict(), allow_nan=False) + report.to_html()
    assert str(secret) not in text
    assert "p17" not in text
    assert "c17" not in text
    page = report.to_html()
    assert page.count("<tr") + page.count("<section") == len(RULES)


def test_a_cohort_chosen_by_its_outcome_is_warned_of() -> None:
    made = Audited()
    ever = set(made.rows.loc[made.rows["outcome"] == 1, "patient_id"])
    free = [p for p in made.rows["patient_id"].unique() if p not in ever][:12]
    kept = made.rows["patient_id"].isin({*ever, *free})
    made.rows, made.X = made.rows[kept].reset_index(drop=True), made.X[kept.to_numpy()]
    finding = next(f for f in made.audit().findings if f.rule == "too_few_event_patients")
    assert finding.severity == "warn"
    assert "only 12 do not" in finding.text

"""The leakage audit: refuse what would fool us, before anything is fitted.

Each rule is a named function of `training.audit_rules` that answers with a `Finding`: its
statistic, interval by patient, threshold, the columns and counts that show it, and the way out.
A refusal stops a fit unless the plan overrides that rule by name with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from features.errors import AuditRefusal, CohortError, PlanError
from features.questions import Question
from features.tables import Cohort
from training.audit_page import page_of
from training.audit_rules.copies import courses_are_duplicated, rows_are_duplicated
from training.audit_rules.counts import the_horizon_is_not_observed, too_few_event_patients
from training.audit_rules.determinants import (
    all_predictors_together_nearly_determine_the_outcome,
    one_predictor_nearly_determines_the_outcome,
)
from training.audit_rules.endings import (
    one_outcome_has_records_of_one_length,
    records_stop_at_the_outcome,
    records_stop_at_the_peak_grade,
)
from training.audit_rules.evidence import Evidence
from training.audit_rules.fields import a_column_holds_another_field
from training.audit_rules.fills import (
    repeated_values_follow_the_grade,
    repeated_values_follow_the_outcome,
)
from training.audit_rules.finding import ORDER_OF_SEVERITY, Finding
from training.audit_rules.formats import units_or_number_format_predict_the_outcome
from training.audit_rules.gradings import (
    gradings_stop_before_the_stay_ends,
    the_grading_system_changes,
)
from training.audit_rules.missingness import (
    missingness_alone_predicts_the_outcome,
    only_event_patients_have_a_kind_of_record,
)
from training.audit_rules.order import row_order_predicts_the_outcome
from training.audit_rules.rhythm import (
    number_and_spacing_of_results_predict_the_outcome,
    results_are_dated_against_their_order_of_entry,
)
from training.audit_rules.sites import (
    a_site_holds_one_class_only,
    site_alone_predicts_the_outcome,
)
from training.audit_rules.times import (
    result_times_are_not_recorded,
    results_are_known_before_they_happened,
    rows_are_dated_after_the_end,
)
from training.audit_rules.values import (
    digits_are_lost,
    implausible_values_follow_the_outcome,
    impossible_values_cluster,
    units_are_mixed,
)
from training.synthetic_mark import mark

Rule = Callable[[Evidence], Finding]

_RULES: tuple[Rule, ...] = (
    too_few_event_patients,
    the_horizon_is_not_observed,
    a_site_holds_one_class_only,
    site_alone_predicts_the_outcome,
    row_order_predicts_the_outcome,
    courses_are_duplicated,
    rows_are_duplicated,
    results_are_known_before_they_happened,
    result_times_are_not_recorded,
    rows_are_dated_after_the_end,
    records_stop_at_the_outcome,
    records_stop_at_the_peak_grade,
    one_outcome_has_records_of_one_length,
    missingness_alone_predicts_the_outcome,
    only_event_patients_have_a_kind_of_record,
    number_and_spacing_of_results_predict_the_outcome,
    results_are_dated_against_their_order_of_entry,
    units_or_number_format_predict_the_outcome,
    impossible_values_cluster,
    implausible_values_follow_the_outcome,
    units_are_mixed,
    digits_are_lost,
    repeated_values_follow_the_grade,
    repeated_values_follow_the_outcome,
    a_column_holds_another_field,
    the_grading_system_changes,
    gradings_stop_before_the_stay_ends,
    one_predictor_nearly_determines_the_outcome,
    all_predictors_together_nearly_determine_the_outcome,
)
RULES: dict[str, Rule] = {rule.__name__: rule for rule in _RULES}

SHORTEST_REASON = 10  # characters

_PASSING = frozenset(  # warnings that say how sure a figure is, which the figure itself says too
    rule.__name__ for rule in (too_few_event_patients, the_horizon_is_not_observed)
)


@dataclass(frozen=True)
class AuditReport:
    """What every rule said about one cohort and one question."""

    cohort: str
    question: str
    n_rows: int
    n_event_patients: int
    findings: tuple[Finding, ...]
    synthetic: bool = False

    @property
    def refusals(self) -> list[Finding]:
        """Refusals that no plan has overridden."""
        return [f for f in self.findings if f.severity == "refuse" and not f.overridden]

    @property
    def by_severity(self) -> list[Finding]:
        """All findings, the worst first, else in the order of the rules."""
        return sorted(self.findings, key=lambda finding: ORDER_OF_SEVERITY[finding.severity])

    @property
    def subject(self) -> str:
        """The cohort as it is called, marked where it is of made-up patients."""
        return f"{mark(self.synthetic)}{self.cohort}"

    @property
    def warnings(self) -> list[Finding]:
        """Findings to read before believing a figure."""
        return [finding for finding in self.findings if finding.severity == "warn"]

    @property
    def limitations(self) -> list[str]:
        """What was found and could not be mended, for every answer of a model fitted to this.

        An overridden refusal comes first, by rule and reason.
        """
        overridden = [
            f"The audit refused the training records, {finding.rule}: {finding.text} It was "
            f"overridden: {finding.overridden}"
            for finding in self.findings
            if finding.overridden
        ]
        warned = [
            f"The audit of the training records warns: {finding.text}"
            for finding in self.warnings
            if finding.rule not in _PASSING
        ]
        return overridden + warned

    @property
    def overrides(self) -> dict[str, str]:
        """Reasons given for overridden refusals, by rule."""
        return {f.rule: f.overridden for f in self.findings if f.overridden}

    @property
    def verdict(self) -> str:
        """Say in one word how it ended: refused, overridden, warned or clean."""
        if self.refusals:
            return "refused"
        if self.overrides:
            return "overridden"
        return "warned" if self.warnings else "clean"

    def with_overrides(self, overrides: Mapping[str, str]) -> AuditReport:
        """Return the report with refusals overridden by name and reason.

        Raises
        ------
        PlanError
            Where a rule does not exist or its reason is too short.
        """
        check_overrides(overrides)
        findings = tuple(
            replace(finding, overridden=overrides[finding.rule].strip())
            if finding.severity == "refuse" and finding.rule in overrides
            else finding
            for finding in self.findings
        )
        return replace(self, findings=findings)

    def raise_if_refused(self, *, listed: bool = False) -> None:
        """Raise `AuditRefusal` if a refusal stands, with rules, evidence and the way out.

        `listed` says that the reader has just seen the findings: only their names are told again.
        """
        if not self.refusals:
            return
        names = ", ".join(finding.rule for finding in self.refusals)
        lines = [f"The audit refuses to fit {self.question} on {self.subject}: {names}."]
        for finding in () if listed else self.refusals:
            shown = f" Columns: {', '.join(finding.columns)}." if finding.columns else ""
            lines.append(f"- {finding.rule}: {finding.text}{shown} Way out: {finding.way_out}")
        lines.append(
            "To fit all the same, name the rule with a reason under [audit.override] in the plan; "
            "the reason then stands on every answer of the model."
        )
        raise AuditRefusal("\n".join(lines))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "cohort": self.cohort,
            "synthetic": self.synthetic,
            "question": self.question,
            "verdict": self.verdict,
            "n_rows": self.n_rows,
            "n_event_patients": self.n_event_patients,
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_html(self) -> str:
        """Return a page a person can read, worst finding first."""
        return page_of(self.to_dict())


def audit(
    cohort: Cohort,
    question: Question,
    X: pd.DataFrame,
    rows: pd.DataFrame,
    asked: pd.DataFrame | None = None,
) -> AuditReport:
    """Run every rule on a cohort and the rows one question makes of it.

    Parameters
    ----------
    cohort : Cohort
    question : Question
    X : DataFrame, shape (n, k)
        Feature matrix of the rows.
    rows : DataFrame, length n
        `features.questions.labels`, in the order of `X`. Undetermined rows are left out.
    asked : DataFrame, optional
        Labels of every row at risk, where `rows` is without the undetermined; `rows` by default.
    """
    if len(X) != len(rows):
        raise CohortError(
            f"The audit was given {len(X)} rows of predictors and {len(rows)} labels; "
            "both come from the same landmarks, in the same order."
        )
    determined = rows["outcome"].notna().to_numpy()
    evidence = Evidence(
        cohort,
        question,
        X.loc[determined].reset_index(drop=True),
        rows.loc[determined].reset_index(drop=True),
        rows if asked is None else asked,
    )
    return AuditReport(
        cohort=cohort.manifest.name,
        question=question.name,
        n_rows=len(evidence.rows),
        n_event_patients=evidence.event_patients,
        findings=tuple(rule(evidence) for rule in RULES.values()),
        synthetic=cohort.manifest.synthetic,
    )


def check_overrides(overrides: Mapping[str, str]) -> None:
    """Raise `PlanError` where an overridden rule does not exist, or its reason is too short."""
    for rule, reason in overrides.items():
        if rule not in RULES:
            raise PlanError(
                f"[audit.override] names the rule {rule!r}, which does not exist. "
                f"Rules: {', '.join(RULES)}."
            )
        if not isinstance(reason, str) or len(reason.strip()) < SHORTEST_REASON:
            raise PlanError(
                f"[audit.override] {rule} = {reason!r}: say the reason in words, "
                f"{SHORTEST_REASON} characters or more."
            )

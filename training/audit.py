"""The leakage audit: refuse what would fool us, before anything is fitted.

Each rule is a named function of `training.audit_rules` that answers with a `Finding`: its
statistic, interval by patient, threshold, the columns and counts that show it, and the way out.
A refusal stops a fit unless the plan overrides that rule by name with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import pandas as pd

from features.errors import AuditRefusal, CohortError, PlanError
from features.questions import Question
from features.tables import Cohort
from training.audit_rules.counts import a_site_holds_one_class_only, too_few_event_patients
from training.audit_rules.determinants import one_predictor_nearly_determines_the_outcome
from training.audit_rules.fills import repeated_values_follow_the_grade
from training.audit_rules.finding import Evidence, Finding
from training.audit_rules.missingness import missingness_alone_predicts_the_outcome
from training.audit_rules.records import (
    courses_are_duplicated,
    results_are_known_before_they_happened,
)

Rule = Callable[[Evidence], Finding]

_RULES: tuple[Rule, ...] = (
    too_few_event_patients,
    results_are_known_before_they_happened,
    courses_are_duplicated,
    a_site_holds_one_class_only,
    repeated_values_follow_the_grade,
    one_predictor_nearly_determines_the_outcome,
    missingness_alone_predicts_the_outcome,
)
RULES: dict[str, Rule] = {rule.__name__: rule for rule in _RULES}

_ORDER = {"refuse": 0, "warn": 1, "note": 2}


@dataclass(frozen=True)
class AuditReport:
    """What every rule said about one cohort and one question."""

    cohort: str
    question: str
    n_rows: int
    n_event_patients: int
    findings: tuple[Finding, ...]

    @property
    def refusals(self) -> list[Finding]:
        """Refusals that no plan has overridden."""
        return [f for f in self.findings if f.severity == "refuse" and not f.overridden]

    @property
    def warnings(self) -> list[Finding]:
        """Findings to read before believing a figure."""
        return [finding for finding in self.findings if finding.severity == "warn"]

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
            Where a rule does not exist or a reason is empty.
        """
        check_overrides(overrides)
        findings = tuple(
            replace(finding, overridden=overrides[finding.rule].strip())
            if finding.severity == "refuse" and finding.rule in overrides
            else finding
            for finding in self.findings
        )
        return replace(self, findings=findings)

    def raise_if_refused(self) -> None:
        """Raise `AuditRefusal`, naming rules, evidence and the way out, if a refusal stands."""
        if not self.refusals:
            return
        lines = [f"The audit refuses to fit {self.question} on {self.cohort}."]
        for finding in self.refusals:
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
            "question": self.question,
            "verdict": self.verdict,
            "n_rows": self.n_rows,
            "n_event_patients": self.n_event_patients,
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_html(self) -> str:
        """Return a page a person can read, worst finding first."""
        ordered = sorted(self.findings, key=lambda finding: _ORDER[finding.severity])
        rows = "\n".join(_html_row(finding) for finding in ordered)
        title = f"Audit of {escape(self.cohort)} for {escape(self.question)}"
        return _PAGE.format(
            title=title,
            verdict=self.verdict,
            n_rows=self.n_rows,
            n_event_patients=self.n_event_patients,
            rows=rows,
        )


def audit(cohort: Cohort, question: Question, X: pd.DataFrame, rows: pd.DataFrame) -> AuditReport:
    """Run every rule on a cohort and the rows one question makes of it.

    Parameters
    ----------
    cohort : Cohort
    question : Question
    X : DataFrame, shape (n, k)
        Feature matrix of the rows.
    rows : DataFrame, length n
        `features.questions.labels`, in the order of `X`. Undetermined rows are left out.
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
    )
    return AuditReport(
        cohort=cohort.manifest.name,
        question=question.name,
        n_rows=len(evidence.rows),
        n_event_patients=evidence.event_patients,
        findings=tuple(rule(evidence) for rule in RULES.values()),
    )


def check_overrides(overrides: Mapping[str, str]) -> None:
    """Raise `PlanError` where an overridden rule does not exist or has no reason."""
    for rule, reason in overrides.items():
        if rule not in RULES:
            raise PlanError(
                f"[audit.override] names the rule {rule!r}, which does not exist. "
                f"Rules: {', '.join(RULES)}."
            )
        if not isinstance(reason, str) or not reason.strip():
            raise PlanError(f"[audit.override] {rule} needs a reason in words.")


def _html_row(finding: Finding) -> str:
    figure = ""
    if finding.statistic is not None:
        figure = f"{finding.statistic:.3g}"
    if finding.low is not None and finding.high is not None:
        figure += f" ({finding.low:.2f} to {finding.high:.2f})"
    threshold = "" if finding.threshold is None else f"{finding.threshold:g}"
    counts = ", ".join(f"{escape(k)}: {v}" for k, v in finding.row_counts.items())
    override = f" <b>Overridden:</b> {escape(finding.overridden)}" if finding.overridden else ""
    cells = [
        f'<span class="{finding.severity}">{finding.severity}</span>',
        escape(finding.rule.replace("_", " ")),
        f"{escape(finding.text)} {escape(finding.way_out)}{override}",
        figure,
        threshold,
        escape(", ".join(finding.columns)),
        counts,
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ border-bottom: 1px solid #ccc; padding: .4rem; text-align: left; vertical-align: top; }}
.refuse {{ background: #b00020; color: #fff; padding: 0 .4rem; }}
.warn {{ background: #ffd166; padding: 0 .4rem; }}
.note {{ color: #555; }}
</style></head><body>
<h1>{title}</h1>
<p>Verdict: <b>{verdict}</b>. {n_rows} rows, {n_event_patients} patients with an event.
Intervals are 95 % by patient. Figures and counts only: no value of a patient is on this page.</p>
<table><thead><tr><th></th><th>rule</th><th>what was found, and the way out</th><th>statistic</th>
<th>threshold</th><th>columns</th><th>counts</th></tr></thead><tbody>
{rows}
</tbody></table></body></html>
"""

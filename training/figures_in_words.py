"""Counts, figures and the audit as words; never a number without its n or its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.audit import AuditReport

RECURRENT = (
    "days on which a patient had the event before and can have it again are learnt from and not "
    "judged"
)


def counts(table: Mapping[str, Any]) -> str:
    """Return rows, patients and event patients in words; None is a count that is held back."""
    if table["n_patients"] is None or table["n_event_patients"] is None:
        return "counts held back"
    return (
        f"{table['n_rows']} rows of {table['n_patients']} patients, "
        f"{table['n_event_patients']} patients with an event{_event_rows(table)}"
    )


def _event_rows(table: Mapping[str, Any]) -> str:
    return f" ({table['n_event_rows']} event rows)" if "n_event_rows" in table else ""


def rows_apart(judged: Mapping[str, Any], learnt: Mapping[str, Any]) -> str:
    """Say why a fit learns from more rows than it is judged on; empty where they are the same.

    Parameters
    ----------
    judged : an evaluation, of the first-time rows.
    learnt : the counts that the model itself carries.
    """
    if learnt.get("n_rows") in (None, judged["n_rows"]):
        return ""
    return f"Judged are {counts(judged)}; learnt from are {counts(learnt)}: {RECURRENT}."


def correction_in_words(told: Mapping[str, Any]) -> str:
    """Return by which numbers a model was corrected."""
    return str(told["correction"]).replace("_", " and ")


def audit_words(report: AuditReport | None) -> str:
    """Return the verdict of an audit with the rules behind it in brackets."""
    if report is None:
        return "not run"
    said = [finding.rule for finding in report.findings if finding.severity != "note"]
    return report.verdict + (f" ({', '.join(said)})" if said else "")


def interval(figures: Mapping[str, Any], name: str) -> str:
    """Return a figure with its 95 % interval, or that it cannot be computed."""
    one = figures.get(name, {})
    if one.get("estimate") is None:
        return "not computable"
    if one.get("low") is None:
        return f"{one['estimate']:.3f} (no interval)"
    return f"{one['estimate']:.3f} ({one['low']:.3f} to {one['high']:.3f})"

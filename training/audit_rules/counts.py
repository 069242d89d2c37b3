"""Whether these data can answer the question at all."""

from __future__ import annotations

from training.audit_rules.evidence import Evidence
from training.audit_rules.finding import Finding, Severity

REFUSE_EVENTS_BELOW = 5
WARN_EVENTS_BELOW = 50
WARN_EVENT_FREE_BELOW = 20
WARN_UNDETERMINED = 0.25
REFUSE_UNDETERMINED = 0.90


def too_few_event_patients(evidence: Evidence) -> Finding:
    """Refuse what cannot be cross-validated, warn of what can only be estimated roughly."""
    rule = too_few_event_patients.__name__
    n = evidence.event_patients
    counts = {
        "rows": len(evidence.rows),
        "event_rows": int(evidence.y.sum()),
        "patients": int(evidence.rows["patient_id"].nunique()),
        "event_patients": n,
    }
    if n < REFUSE_EVENTS_BELOW or not evidence.both_classes:
        return Finding(
            rule,
            "refuse",
            f"{n} patients with an event ({counts['event_rows']} of {counts['rows']} rows): a "
            f"model cannot be learnt and judged on fewer than {REFUSE_EVENTS_BELOW}.",
            way_out="Ask at a lower grade threshold or a longer horizon, or bring more patients.",
            statistic=n,
            threshold=REFUSE_EVENTS_BELOW,
            row_counts=counts,
        )
    patients, without = counts["patients"], counts["patients"] - n
    if without < min(n, WARN_EVENT_FREE_BELOW):
        return Finding(
            rule,
            "warn",
            f"{n} of {patients} patients have the event and only {without} do not: the cohort was "
            "chosen by its outcome, or the question is asked of those who have it already.",
            way_out="Ask who gets worse (from_grade in the question), or bring patients without "
            "the event from the same source.",
            statistic=without,
            threshold=WARN_EVENT_FREE_BELOW,
            row_counts=counts,
        )
    few = n < WARN_EVENTS_BELOW
    return Finding(
        rule,
        "warn" if few else "note",
        f"{n} patients with an event among {counts['patients']}.",
        way_out="Every figure will have a wide interval; a simpler comparator may be the better "
        "answer. More patients are needed."
        if few
        else "",
        statistic=n,
        threshold=WARN_EVENTS_BELOW,
        row_counts=counts,
    )


def the_horizon_is_not_observed(evidence: Evidence) -> Finding:
    """Count the rows at risk whose window runs past the end of the record.

    Refused where hardly one window of an event-free patient is seen to its end: then event-free
    means only "not seen".
    """
    rule = the_horizon_is_not_observed.__name__
    asked = evidence.asked
    if asked.empty or "status" not in asked:
        return Finding(rule, "note", "Labels came without what each window came to.")
    cut = (asked["status"] == "censored").to_numpy()
    event = (asked["status"] == "event").to_numpy()
    without = int((~event).sum())
    share = float(cut.sum() / without) if without else 0.0
    severity: Severity = "note"
    if share > WARN_UNDETERMINED:
        severity = "refuse" if share > REFUSE_UNDETERMINED else "warn"
    return Finding(
        rule,
        severity,
        f"{share:.0%} of {without} event-free windows are cut short by the end of the record.",
        way_out=""
        if severity == "note"
        else "Ask a shorter horizon, bring later contacts "
        "(follow_up_days, gradings), or declare what the end of a record means (end_of_record).",
        statistic=share,
        threshold=REFUSE_UNDETERMINED,
        row_counts={"rows_at_risk": len(asked), "cut_short": int(cut.sum())},
    )

"""Whether these data can answer the question at all."""

from __future__ import annotations

import pandas as pd

from training.audit_rules.finding import Evidence, Finding

REFUSE_EVENTS_BELOW = 5
WARN_EVENTS_BELOW = 50
MIN_SITE_PATIENTS = 10
IMPROBABLE = 0.001


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


def a_site_holds_one_class_only(evidence: Evidence) -> Finding:
    """Look for sites whose patients all have, or all lack, the event, against the odds.

    Refused where one such site has only events and another none: then the site is the answer.
    """
    rule = a_site_holds_one_class_only.__name__
    by_patient = _outcome_by_patient(evidence)
    if by_patient["site"].nunique() < 2:
        return Finding(rule, "note", "One site: nothing to compare.")
    rate = by_patient["event"].mean()
    sites = by_patient.groupby("site")["event"].agg(["sum", "size"])
    sites = sites[sites["size"] >= MIN_SITE_PATIENTS]
    none = sites[(sites["sum"] == 0) & ((1 - rate) ** sites["size"] < IMPROBABLE)]
    every = sites[(sites["sum"] == sites["size"]) & (rate ** sites["size"] < IMPROBABLE)]
    if none.empty and every.empty:
        return Finding(rule, "note", f"{len(sites)} sites with events and event-free patients.")
    return Finding(
        rule,
        "warn" if none.empty or every.empty else "refuse",
        f"{len(every)} site(s) hold only patients with an event and {len(none)} only patients "
        f"without, which chance does not explain.",
        way_out="Patients with and without the event came from different sources. Ask within one "
        "source, or bring both kinds of patients from each.",
        threshold=IMPROBABLE,
        columns=("site",),
        row_counts={
            "sites_with_events_only": len(every),
            "sites_without_events": len(none),
            "patients_in_them": int(every["size"].sum() + none["size"].sum()),
        },
    )


def _outcome_by_patient(evidence: Evidence) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "patient_id": evidence.rows["patient_id"].to_numpy(),
            "site": evidence.rows["site"].fillna("").astype(str).to_numpy(),
            "event": evidence.y,
        }
    )
    return frame.groupby("patient_id").agg(site=("site", "first"), event=("event", "any"))

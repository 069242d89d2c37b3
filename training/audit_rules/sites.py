"""Whether the site says the answer."""

from __future__ import annotations

from training.audit_rules.concordance import Limits, between_patients, judged
from training.audit_rules.evidence import MIN_SITE_PATIENTS, Evidence
from training.audit_rules.finding import Finding, not_assessable

IMPROBABLE = 0.001
SITE = Limits(warn=0.70, refuse=0.80)
_ORDERS = "The site alone, by its other patients, orders patients with an AUROC of {area}."
_TELLS_NOTHING = (
    "The site alone tells nothing: the rates of its other patients are alike. An AUROC of {area} "
    "is below 0.5 because a patient with the event, left out, lowers the rate of the own site."
)


def a_site_holds_one_class_only(evidence: Evidence) -> Finding:
    """Look for sites whose patients all have, or all lack, the event, against the odds.

    Refused where one such site has only events and another none: then the site is the answer.
    """
    rule = a_site_holds_one_class_only.__name__
    by_patient = evidence.patient_table
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


def site_alone_predicts_the_outcome(evidence: Evidence) -> Finding:
    """Hold the event rate of the *other* patients of a site against each patient's outcome.

    Sites honestly differ: one treats leukaemia, another myeloma. They do not honestly decide.

    Notes
    -----
    A patient with the event, left out, lowers the rate of the own site; one without raises it.
    Among like sites that alone orders patients, backwards: an area far below 0.5 is no sign. A
    rate with the patient in it errs to the other side, and warns of many small sites.
    """
    rule = site_alone_predicts_the_outcome.__name__
    if evidence.too_few:
        return not_assessable(rule, evidence.too_few)
    table = evidence.patient_table
    if table["site"].nunique() < 2:
        return Finding(rule, "note", "One site: nothing to compare.")
    area = between_patients(evidence, evidence.site_rates, within_sites=False)
    return judged(
        rule,
        area,
        _TELLS_NOTHING if area is not None and area.estimate < 0.5 else _ORDERS,
        "The patients with the event came mostly from other sites than those without. Ask within "
        "one site, or bring both kinds of patients from each.",
        ("site",),
        SITE,
    )

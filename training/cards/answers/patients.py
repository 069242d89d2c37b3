"""Whom the model learnt from and was judged on, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.questions import CONVENTIONS
from training.block_words import HELD_BACK, words_of
from training.cards.answers import about
from training.cards.answers.blocks import block_words
from training.cards.evidence import Evidence
from training.figures_in_words import counts, interval, rows_apart
from training.judging.small_cells import told
from training.synthetic_mark import mark


def cohort(e: Evidence) -> str | None:
    """Say which cohort it is and how it was recorded."""
    known = e.cohort
    if "name" not in known:
        return None
    made_up = f"a {mark(e.synthetic)}cohort of made-up patients"
    kind = made_up if e.synthetic else "records of real patients"
    said = [f"{known['name']}: {kind}"]
    if known.get("grading_system"):
        said.append(f"graded by {about.scale(known['grading_system'])}")
    if known.get("resolution"):
        said.append(f"times known to the {known['resolution']}")
    if known.get("fingerprint"):
        said.append(f"fingerprint {str(known['fingerprint'])[:16]}")
    if e.model.recalibrated is not None:
        said.append(f"on whom it was corrected; fitted to other patients{_elsewhere(e)}")
    return ", ".join(said) + "."


def numbers(e: Evidence) -> str | None:
    """Count rows, patients and events that were judged."""
    return f"{counts(e.evaluation)}, in {e.cohort_name}."


def learnt_from(e: Evidence) -> str | None:
    """Count what the served model was fitted on."""
    found = e.manifest
    if "n_patients" not in found:
        return None
    fitted = f"The served model was fitted on all of {counts(found)}{_elsewhere(e)}."
    return f"{fitted} {why_more_rows(e)}".rstrip()


def why_more_rows(e: Evidence) -> str:
    """Say why it learnt from more rows than it was judged on; empty where that is not so."""
    return "" if e.model.recalibrated else rows_apart(e.evaluation, e.manifest)


def _elsewhere(e: Evidence) -> str:
    """Name the cohort of the fit, where the figures are of another one."""
    if e.model.recalibrated is None:
        return ""
    return f", in {mark(e.manifest.get('synthetic'))}{e.manifest.get('cohort', 'another cohort')}"


def products(e: Evidence) -> str | None:
    """Count training courses by product."""
    counted = e.manifest.get("products")
    if not counted:
        return None
    shown = told(counted, counted)  # a model fitted before this rule holds them all
    of_fit = " of its fit" if e.model.recalibrated else ""
    return f"Courses{of_fit} by product: " + ", ".join(
        f"{name} {HELD_BACK if number is None else f'{number:,}'}"
        for name, number in sorted(shown.items())
    )


def end_of_record(e: Evidence) -> str | None:
    """Say what the end of a record means and how cut windows were handled."""
    convention = str(e.cohort.get("end_of_record"))
    if convention not in CONVENTIONS:
        return None
    return f"End of a record declared as `{convention}`: {CONVENTIONS[convention]}."


def subgroups(e: Evidence) -> str | None:
    """Give the figures by subgroup, where the run has them."""
    return block_words(e, "subgroups")


def transport(e: Evidence) -> str | None:
    """Give the figures in sites, products or years that were left out, where there are some."""
    return " ".join(map(_held_out, e.transports)) or None


def _held_out(table: Mapping[str, Any]) -> str:
    groups = [*table["groups"], {"group": "all together", **table["pooled"]}]
    said = [
        f"{one['group']} ({counts(one)}): AUROC {interval(one['model'], 'auroc')}, calibration "
        f"slope {interval(one['model'], 'calibration_slope')}"
        for one in groups
    ]
    out = "; ".join(f"{group}: {why}" for group, why in table["not_assessable"].items())
    without = f" Not judged: {out}." if out else ""
    return f"The plan on each {table['by']} it did not learn from: {'; '.join(said)}.{without}"


def other_patients(e: Evidence) -> str | None:
    """Say whom else it was judged on, where it was."""
    if not e.elsewhere:
        return None
    others = "; ".join(f"{marked(one)}, {counts(one)}" for one in e.elsewhere)
    return f"Judged on patients it did not learn from: {others}."


def external_fairness(e: Evidence) -> str | None:
    """Give the figures by subgroup of other patients, where there are some."""
    said = [sentence for one in e.elsewhere for sentence in words_of(one, "subgroups")]
    return " ".join(filter(None, said)) or None


def marked(table: Mapping[str, Any]) -> str:
    """Return the name of the cohort of an evaluation, marked where it is of made-up patients."""
    known = table.get("cohort") or {}
    return f"{mark(known.get('synthetic'))}{known.get('name', 'a cohort without a name')}"


def treatments(e: Evidence) -> str | None:
    """Say how treatments enter the estimand."""
    return (
        "The risk is that under usual treatment at the site: tocilizumab and steroids given after "
        "the landmark are part of what may happen, and change both predictors and outcome."
    )


def audited(e: Evidence) -> str | None:
    """Say what the leakage audit found before the fit."""
    if e.audit is None:
        return None
    findings = e.audit["findings"]
    raised = [one["rule"] for one in findings if one["severity"] != "note"]
    named = f" ({', '.join(raised)})" if raised else ""
    return f"Leakage audit before the fit: {len(findings)} rules, {e.audit['verdict']}{named}."


def audit_in_short(e: Evidence) -> str | None:
    """Count the rules of the audit that warn or refuse; None where none does."""
    findings = e.audit["findings"] if e.audit else []
    raised = sum(one["severity"] != "note" for one in findings)
    if not raised:
        return None
    return f"The leakage audit of the training records raised {raised} of {len(findings)} rules."


def overridden(e: Evidence) -> str | None:
    """Name what was overridden in the audit and in the gate."""
    rules = {**e.manifest.get("audit_overrides", {}), **(e.overridden or {}).get("rules", {})}
    if not rules:
        return None
    said = "; ".join(f"{rule} ({why})" for rule, why in rules.items())
    return f"Overridden by a person: {said}."

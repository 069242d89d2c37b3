"""Model Facts: one page that a busy clinician can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.tiers import Tier
from training.block_words import HELD_BACK, subgroup_rows
from training.cards.answers import about, figures, method, patients, use
from training.cards.checklists import concerns
from training.cards.document import (
    MISSING,
    NOT_COMPUTED,
    Bullets,
    Document,
    Figure,
    Figures,
    Section,
    Table,
    Text,
)
from training.cards.evidence import Evidence
from training.figures_in_words import counts, interval
from training.judging.small_cells import FEWEST_OF_A_CLASS, FEWEST_PATIENTS, hidden_with

_SHOWN = (
    ("auroc", 0.5), ("same_day_auroc", 0.5), ("calibration_slope", 1.0),
    ("observed_to_expected", 1.0), ("auprc", None), ("brier", None),
)  # fmt: skip
_AUROC = (
    "AUROC: how often a patient with the event had the higher risk of two; 0.5 is a coin. Among "
    "patients of the same day it answers the bedside question."
)
_COMPARED = ("auroc", "same_day_auroc", "brier", "log_loss")


def model_facts(e: Evidence) -> Document:
    """Return the page of facts."""
    sections = (
        _verdict(e), _what(e), _not_for(e), _whom(e), _use(e), _how_good(e), _against(e), _tiers(e),
        _which(e), _subgroups(e),
    )  # fmt: skip
    missing = sum(
        isinstance(block, Text) and block.tone == "missing"
        for section in sections
        for block in section.blocks
    )
    return Document(f"Model facts: {e.name}", "model_facts", sections, e.synthetic, missing)


def _verdict(e: Evidence) -> Section:
    found = figures.verdict(e)
    blocks = [Text(found, "lead") if found else Text(f"Verdict: {NOT_COMPUTED}", "missing")]
    doubts = (
        use.recalibration(e), patients.overridden(e), patients.audit_in_short(e), concerns(e),
    )  # fmt: skip
    blocks += [Text(doubt, "warning") for doubt in doubts if doubt]
    return Section("In one line", tuple(blocks), "wide")


def _what(e: Evidence) -> Section:
    return Section(
        "What it predicts", (Text(f"{about.predicted(e)}", "lead"), Text(about.event(e)))
    )


def _whom(e: Evidence) -> Section:
    points = [
        f"{about.patients_asked(e)}.",
        patients.cohort(e),
        patients.products(e),
        patients.end_of_record(e),
    ]
    place = _stated(e, "Training patients from", "setting")
    return Section("For whom, learnt from whom", (Bullets(tuple(p for p in points if p)), place))


def _stated(e: Evidence, label: str, key: str) -> Text:
    text = e.statements.get(key)
    return Text(f"{label}: {text}") if text else Text(f"{label}: {MISSING}", "missing")


def _how_good(e: Evidence) -> Section:
    model = e.evaluation["model"]
    shown = tuple(_figure(model, name, ideal) for name, ideal in _SHOWN if name in model)
    blocks: list[Any] = [Text(f"{counts(e.evaluation)}, in {e.cohort_name}."), Figures(shown)]
    apart = patients.why_more_rows(e)
    blocks += [Text(apart, "soft")] if apart else []
    method_ = e.evaluation.get("method")
    blocks.append(Text(f"In brackets 95 % intervals; {method_ or 'method not recorded'}.", "soft"))
    blocks.append(Text(_AUROC, "soft"))
    ceiling = figures.oracle(e)
    if ceiling:
        blocks.append(Text(ceiling, "soft"))
    elsewhere = (figures.in_other_patients(e), patients.transport(e))
    blocks += [Text(found) for found in elsewhere if found]
    return Section("How good it is", tuple(blocks), "wide")


def _subgroups(e: Evidence) -> Section:
    block = e.block("subgroups")
    if block is None:
        found: Any = Text(f"Subgroups: {NOT_COMPUTED}", "missing")
    elif not block:
        found = Text("Its cohort tells no groups of patients apart.", "soft")
    else:
        headings = ("patients", "patients / with event", "AUROC", "observed to expected")
        rows = tuple(
            (f"{variable}: {group}", counts_, auroc, ratio)
            for variable, group, counts_, auroc, ratio in subgroup_rows(block)
        )
        found = Table(headings, rows)
    return Section("For whom it does better or worse", (found,), "wide")


def _figure(model: Mapping[str, Any], name: str, ideal: float | None) -> Figure:
    one = model[name]
    return Figure(
        figures.SHORT[name],
        interval(model, name),
        one.get("estimate"),
        one.get("low"),
        one.get("high"),
        ideal,
    )


def _against(e: Evidence) -> Section:
    rivals = {"this model": e.evaluation["model"], **e.evaluation["comparators"]}
    shown = [name for name in _COMPARED if name in e.evaluation["model"]]
    rows = tuple(
        (about.words(name), *(interval(found, one) for one in shown))
        for name, found in rivals.items()
    )
    headings = ("risk by", *(figures.COLUMNS[name] for name in shown))
    best = figures.against_best(e)
    table = Table(headings, rows, frozenset({0}))
    paired = Text(best) if best else Text(f"Best comparator: {NOT_COMPUTED}", "missing")
    return Section("Against what, on the same rows", (table, paired), "wide")


def _tiers(e: Evidence) -> Section:
    found = e.model.tiers
    n, events, people = (
        _told([getattr(tier, name) for tier in found.tiers], found.tiers, least)
        for name, least in (("n", 0), ("events", FEWEST_OF_A_CLASS), ("patients", 0))
    )
    rows = tuple(
        (
            found.shown_name(at),
            f"{100 * tier.lower:.3g} %",
            "none" if tier.patients == 0 else f"{events[at]} of {n[at]}",
            people[at],
        )
        for at, tier in enumerate(found.tiers)
    )
    table = Table(("tier", "from a risk of", "event rows of rows", "patients"), rows)
    signed = use.tiers(e) if found.signed_by else None
    alerts = figures.thresholds(e)
    note = Text(signed, "soft") if signed else Text("No clinician has signed them.", "warning")
    cost = (Text(alerts, "soft"),) if alerts else ()
    return Section("Tiers, as observed out of fold", (table, *cost, note))


def _told(counts_: Sequence[float], tiers: Sequence[Tier], least: int) -> list[str]:
    """Return the counts of all tiers as they may be printed.

    Parameters
    ----------
    least : fewer than this, but some, are held back as well as those of tiers of few patients.
    """
    small = [
        0 < tier.patients < FEWEST_PATIENTS or 0 < count < least
        for tier, count in zip(tiers, counts_, strict=True)
    ]
    whole = [round(count) for count in counts_]
    hidden = hidden_with(whole, small, max(least, FEWEST_PATIENTS))
    return [HELD_BACK if held else f"{n:,}" for n, held in zip(whole, hidden, strict=True)]


def _not_for(e: Evidence) -> Section:
    points = [*map(str, e.manifest.get("limitations", ()))]
    unseen = about.unseen(e)
    points += [unseen] if unseen else []
    return Section("What it does not cover", (Bullets((about.NEVER_DISCHARGE, *points)),), "tall")


def _use(e: Evidence) -> Section:
    return Section(
        "How to use it",
        (
            Text(about.DECISION_ROLE),
            _stated(e, "Intended use", "intended_use"),
            _stated(e, "Read by", "intended_users"),
        ),
    )


def _which(e: Evidence) -> Section:
    points = [
        method.identity(e), method.learner(e), method.interval_made(e),
        e.manifest.get("code_version"),
    ]  # fmt: skip
    known = tuple(Text(p, "soft") for p in points if p)
    return Section("Which model this is", (*known, _stated(e, "Contact", "contact")))

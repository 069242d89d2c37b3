"""The reading of a silent model as lines a person reads; never a number without its n."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from training.synthetic_mark import mark

_SENTENCES = {
    "met": "met: a person with the admin role may turn it on.",
    "not met": "not met: it stays silent.",
    "cannot tell yet": "cannot tell yet: it stays silent.",
}


def silence_lines(table: Mapping[str, Any]) -> list[str]:
    """Return the report: who was counted, each limit, what was left out."""
    limits, pace = table["limits"], table["patients_per_month"]
    paced = "" if pace is None else f", {pace:.1f} patients a month"
    return [
        f"{mark(table['synthetic'])}{table['question']['name']} answered in silence, "
        f"{table['cohort']}: {table['n_patients']} patients, "
        f"{table['n_event_patients']} with the event, {table['n_rows']} of "
        f"{table['answers']} answers counted{paced}",
        f"  model {table['model'][:16]}; limits of {limits['written_on']}, signed by "
        f"{limits['signed_by']}; first answer {(table['first_answer'] or 'none')[:10]}",
        *(_line(one) for one in table["readings"]),
        *(f"  left out: {count} answers {why}" for why, count in table["left_out"].items()),
        f"  {table['patients_waiting']} patients wait for the end of their last window",
        f'  Valid however often one looks: "met" is said wrongly with a probability of '
        f"{limits['error']:g} at most.",
    ]


def sentence(table: Mapping[str, Any]) -> str:
    """Return the verdict as one sentence."""
    if table["synthetic"] and table["verdict"] == "met":
        return f"{mark(True)}met, by made-up patients: it opens nothing."
    return mark(table["synthetic"]) + _SENTENCES[table["verdict"]]


def _line(one: Mapping[str, Any]) -> str:
    asked = f"{'at least' if one['at_least'] else 'at most'} {one['limit']:g}"
    state = "cannot be computed" if one["because"] else one["state"]
    return f"  {one['name'] + ' ' + asked:<48}{state:<20}{_found(one)}"


def _found(one: Mapping[str, Any]) -> str:
    if one["because"]:
        return str(one["because"])
    said = f"{one['n']} {one['of']}"
    if one["low"] is not None:
        estimate = "-" if one["estimate"] is None else f"{one['estimate']:.3f}"
        said = f"{estimate} ({one['low']:.3f} to {one['high']:.3f}), {said}"
    return said + _ahead(one)


def _ahead(one: Mapping[str, Any]) -> str:
    if one["state"] != "cannot tell yet" or not one["n"]:
        return ""
    if one["more_patients"] is None:
        return "; as it stands, more patients would not show it"
    months = one["more_months"]
    time = "" if months is None else f" (about {math.ceil(months)} months)"
    return f"; {one['more_patients']} patients more{time} if it stays as it is"

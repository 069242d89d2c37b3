"""Figures of parts of a cohort: by age, sex, product, site, disease and era.

A group that looks worse among many groups is expected by chance alone: the intervals are of each
group by itself and are not corrected for how many there are. Groups of one variable only: tables
that cross two would need a disclosure control of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from training.judging.headline import Judged, of_part
from training.judging.rows import MODEL, JudgedRows
from training.judging.small_cells import (
    COUNT_HELD_BACK,
    held_back,
    too_small,
)

ADULT_FROM_YEARS, OLDER_FROM_YEARS = 18.0, 65.0
FIGURES_OF_GROUPS = ("auroc", "brier", "calibration_intercept", "observed_to_expected")
UNKNOWN = "unknown"
AS_RECORDED = ("sex", "product", "site", "diagnosis")


def subgroups(judged: Judged, era_from_year: int = 0) -> dict[str, list[dict[str, Any]]]:
    """Return AUROC, Brier score, calibration intercept and observed/expected of every group.

    Parameters
    ----------
    judged : first-time rows, the model's risks of them and draws of patients.
    era_from_year : first year of the later era; 0 cuts at the median year of the patients.

    Returns
    -------
    dict
        Variable -> its groups, each with `group`, `n_patients`, `n_rows`, `n_event_patients` and
        the `model`'s figures with intervals, or a `note` in place of what is not told. A variable
        with one group says what the headline says, and is left out.
    """
    table = {}
    for variable, groups in grouped(judged.rows, era_from_year).items():
        if groups.nunique() > 1:
            table[variable] = _of_variable(judged, groups)
    return table


def grouped(rows: JudgedRows, era_from_year: int = 0) -> dict[str, pd.Series]:
    """Return the group of every row, (n,), by variable; rows without a value are one group."""
    facts = rows.facts
    found = {"age": _age_groups(facts["age_years"])}
    found |= {name: facts[name].astype("object").where(facts[name].notna()) for name in AS_RECORDED}
    found["era"] = _eras(facts["calendar_year"], rows.patients, era_from_year)
    return {name: groups.fillna(UNKNOWN).astype(str) for name, groups in found.items()}


def _age_groups(age_years: pd.Series) -> pd.Series:
    edges = [-np.inf, ADULT_FROM_YEARS, OLDER_FROM_YEARS, np.inf]
    names = [
        f"under {ADULT_FROM_YEARS:.0f}",
        f"{ADULT_FROM_YEARS:.0f} to {OLDER_FROM_YEARS - 1:.0f}",
        f"{OLDER_FROM_YEARS:.0f} and over",
    ]
    ages = pd.to_numeric(age_years).astype("float64")
    return pd.Series(pd.cut(ages, edges, right=False, labels=names)).astype("object")


def _eras(calendar_year: pd.Series, patients: np.ndarray, era_from_year: int) -> pd.Series:
    years = pd.to_numeric(calendar_year).astype("float64")
    known = years[years.notna()]
    if known.empty:
        return pd.Series([None] * len(years), index=years.index, dtype="object")
    of_patient = years.groupby(pd.Series(patients, index=years.index)).min()
    cut = era_from_year or int(np.floor(of_patient.median())) + 1
    if not era_from_year and cut > known.max():  # half of the patients or more are of the last year
        cut = int(known.max())
    later = pd.Series(np.where(years >= cut, f"from {cut}", f"before {cut}"), index=years.index)
    return later.astype("object").where(years.notna())


def _of_variable(judged: Judged, groups: pd.Series) -> list[dict[str, Any]]:
    names = sorted(groups.unique())
    places = [np.flatnonzero(groups.to_numpy() == name) for name in names]
    counts = [judged.rows.take(at).counts for at in places]
    no_patients, no_events = held_back(counts)
    table = []
    for place, name in enumerate(names):
        count = counts[place]
        told: dict[str, Any] = {"group": name, **_told(count, no_patients[place], no_events[place])}
        reason = too_small(count)
        if reason:
            told["note"] = reason
        else:
            told |= of_part(
                judged.rows, judged.risks, judged.bootstrap, places[place], (MODEL,),
                FIGURES_OF_GROUPS,
            )  # fmt: skip
            if told["n_patients"] is None or told["n_event_patients"] is None:
                told["note"] = COUNT_HELD_BACK
        table.append(told)
    return table


def _told(count: dict[str, int], no_patients: bool, no_events: bool) -> dict[str, int | None]:
    return {
        "n_patients": None if no_patients else count["n_patients"],
        "n_rows": None if no_patients else count["n_rows"],
        "n_event_patients": None if no_events else count["n_event_patients"],
    }

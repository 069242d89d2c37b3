"""Findings whose absence leaves grades open: how often, and what to record to close them."""

from __future__ import annotations

import pandas as pd

from features.grading.assumptions import LOOK_BACK_DAYS
from features.grading.icans import CHILD_BELOW_YEARS

SHOWN = 5
_INSTEAD = {
    "sbp_mmhg": "map_mmhg",
    "ice_score": "its five items; a score of 10 decides grade 0 alone",
}
_ONLY_FOR = {
    "capd_score": f"under {CHILD_BELOW_YEARS:g} years or with developmental delay",
    "oxygen_flow_l_min": "beside an oxygen_device of nasal_cannula",
}
_ELSEWHERE = {
    "vasopressor": "treatments hold no row at all, so that none was given is not known: record "
    "treatments, vasopressor among them with start and stop",
    "death_cause": "record death_day and death_cause in courses",
}


def missing_findings(compared: pd.DataFrame, graded: pd.DataFrame) -> pd.DataFrame:
    """Count the findings that were missing where a grade stayed open.

    Parameters
    ----------
    compared : DataFrame
        See :func:`features.grading.beside_the_hand`; its unsupported gradings are open.
    graded : DataFrame
        See :func:`features.grading.grade_cohort`; its rows without a grade are open.

    Returns
    -------
    DataFrame
        toxicity, finding (name of an input, an agent or a column), times, open (instants of this
        toxicity that stayed open): the most frequent first within a toxicity, at a tie as they
        are examined.
    """
    keys = ["course_id", "toxicity", "known_day"]
    columns = [*keys, "missing"]
    parts = [compared[compared["kind"] == "unsupported"], graded[graded["grade"].isna()]]
    left_open = pd.concat([part[columns].astype({"missing": str}) for part in parts])
    left_open = left_open.drop_duplicates(keys)
    named = left_open.assign(finding=left_open["missing"].str.split(", ")).explode("finding")
    named = named[named["finding"] != ""]
    counts = named.groupby(["toxicity", "finding"]).size().reset_index(name="times")
    counts["rank"] = counts["finding"].map({name: at for at, name in enumerate(LOOK_BACK_DAYS)})
    counts["open"] = counts["toxicity"].map(left_open["toxicity"].value_counts())
    by = ["toxicity", "times", "rank"]
    ordered = counts.sort_values(by, ascending=[True, False, True], ignore_index=True)
    return ordered.drop(columns="rank")


def ways_out(missing: pd.DataFrame, toxicity: str) -> list[str]:
    """Return lines that say what to record so that the grades of a toxicity can be decided."""
    mine = missing[missing["toxicity"] == toxicity]
    if mine.empty:
        return []
    said = [
        f"{toxicity}: {mine['open'].iloc[0]:,} times the grade stayed open. Missing most often:"
    ]
    for finding, times in mine[["finding", "times"]].head(SHOWN).itertuples(index=False):
        said.append(f"  {finding}, {times:,} x: {_what_to_record(finding)}")
    return said


def _what_to_record(finding: str) -> str:
    if finding in _ELSEWHERE:
        return f"{_ELSEWHERE[finding]}."
    hours = 24 * LOOK_BACK_DAYS[finding]
    instead = f" (or {_INSTEAD[finding]})" if finding in _INSTEAD else ""
    whom = f", {_ONLY_FOR[finding]}" if finding in _ONLY_FOR else ""
    return f"record it in measurements{instead}{whom}, at most {hours:g} h before the grading."

"""Reading back what :mod:`features.sources.meds.writing` wrote: the cohort, row by row."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from features.cohort_files import manifest_from
from features.errors import CohortError
from features.inputs import COURSE_FIELDS, INPUTS
from features.sources.meds.writing import MANIFEST_FILE, OWN, input_code
from features.tables import TABLES, Manifest

_DAY = pd.Timedelta(days=1)
_INPUT_OF = {input_code(name): name for name in INPUTS}


def own_manifest(folder: Path) -> tuple[Manifest, bool] | None:
    """Return the manifest of a data set of ours, and whether its times are real; None for others.

    Raises
    ------
    CohortError
        The file is there and cannot be used.
    """
    file = folder / MANIFEST_FILE
    if not file.is_file():
        return None
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        dated, manifest = bool(content["dated"]), content["manifest"]
    except (OSError, ValueError, KeyError, TypeError):
        raise CohortError(f"{MANIFEST_FILE} cannot be read. Export the cohort again.") from None
    return manifest_from(file, manifest), dated


def own_tables(events: pd.DataFrame, *, dated: bool) -> dict[str, pd.DataFrame]:
    """Return the tables of a cohort from its events.

    Parameters
    ----------
    dated : bool
        Whether the times are real; else no date comes back.
    """
    infusions = events[events["table"].eq("infusion")].set_index("course_id")
    courses = pd.DataFrame({"course_id": infusions.index, "patient_id": infusions["patient_id"]})
    if dated:
        courses["infused_at"] = infusions["time"].dt.tz_localize("UTC")
    told = events[events["table"].eq("courses")]
    for name, one in COURSE_FIELDS.items():
        mine = told[told["code"].eq(f"{OWN}//COURSE//{name}")].set_index("course_id")
        if len(mine):
            is_number = one.kind in ("number", "flag")
            courses[name] = mine["value" if is_number else "text_value"]
    made = {"courses": courses.reset_index(drop=True)}
    for name in TABLES:
        if name != "courses":
            made[name] = _rows_of(name, events[events["table"].eq(name)], infusions["time"])
    return made


def _rows_of(name: str, events: pd.DataFrame, day_0_of: pd.Series) -> pd.DataFrame:
    day_0 = pd.to_datetime(events["course_id"].map(day_0_of))
    days = {one: (events[one] - day_0) / _DAY for one in ("time", "known_time", "stop_time")}
    word = events["code"].str.split("//", n=2).str[-1]
    made = events.assign(
        day=days["time"], start_day=days["time"],
        known_day=days["known_time"], stop_day=days["stop_time"],
        text=events["text_value"], dose=events["value"], dose_unit=events["unit"],
        grade=events["value"], input=events["code"].map(_INPUT_OF),
        agent=word, toxicity=word, term=word,
    )  # fmt: skip
    return made[[one for one in TABLES[name].names if one in made]].reset_index(drop=True)

"""What the manifest of a cohort from records says in words."""

import pandas as pd

from features.sources.records.codes import BELIEVED
from features.sources.records.infusions import LOOK_BACK
from features.tables import Manifest

WEAK_LABEL = (
    "grades of conditions are billing codes (D89.83-, G92.0-): coding is incomplete and often done "
    "at discharge, so they are a weak label."
)


def unconfirmed_codes(sound: pd.DataFrame) -> list[str]:
    """Say what was read by codes that nobody has looked up."""
    doubtful = [one for one in sound["meaning"].dropna() if not one.is_confirmed]
    if not doubtful:
        return []
    meant = ", ".join(sorted({f"{one.what} {one.name}" for one in doubtful}))
    return [
        f"{len(doubtful)} records count by codes that were not looked up in their code system: "
        f"{meant}. A pharmacist or coder should confirm the rows tagged {BELIEVED} in "
        "features/sources/records/codes.toml, or the site name its codes in the mapping."
    ]


def remark_on_courses(manifest: Manifest, courses: pd.DataFrame, graded: pd.DataFrame) -> None:
    """Say of which kind the grades are, which infusions lack an hour, and who came again."""
    if graded["kind"].eq("condition").any():
        manifest.notes.append(f"{int(graded['kind'].eq('condition').sum())} {WEAK_LABEL}")
    without_hour = int(courses["date_only"].sum())
    if manifest.resolution == "instant" and without_hour:
        manifest.notes.append(
            f"{without_hour} of {len(courses)} infusions have a date and no hour: their day 0 is "
            "the local midnight before."
        )
    again = int(courses["subject"].duplicated().sum())
    if again:
        manifest.notes.append(
            f"{again} courses are a further infusion of a patient; their records from "
            f"{LOOK_BACK.days} days before it on may belong to the course before as well."
        )

"""Events after day 30: few, and linked to what happened before."""

from typing import Final

import numpy as np

from features.sources.synthetic.columns import Columns, filled
from features.sources.synthetic.parameters import product_rows
from features.sources.synthetic.people import People
from features.sources.synthetic.stay import Stay
from features.sources.synthetic.timeline import Seen

TERMS: Final = ("Prolonged cytopenia", "Infection", "Hypogammaglobulinaemia", "Parkinsonism")
_SHARES: Final = (0.15, 0.10, 0.12, 0.0)  # all A
_PARKINSONISM_CILTA_CEL: Final = 0.03  # Mm: label


def draw_late_events(
    people: People, seen: Seen, stay: Stay, random: np.random.Generator
) -> Columns:
    """Return the rows of the late events of a block, ordered by course."""
    n = len(people.u)
    day = 31 + 150 * random.random((n, len(TERMS))) ** 1.5
    worse = (seen.crs_grade.max(axis=1) >= 3) | (seen.icans_grade.max(axis=1) >= 3)
    chance = np.array(_SHARES)[None, :] * np.where(worse, 1.8, 1.0)[:, None]
    is_cilta = np.array(["ciltacabtagene" in row.name for row in product_rows()])[people.row]
    chance[:, TERMS.index("Parkinsonism")] = _PARKINSONISM_CILTA_CEL * is_cilta
    happens = (random.random((n, len(TERMS))) < chance) & (day < stay.follow_up_days[:, None])
    course, term = np.nonzero(happens)
    grade = 2.0 + random.integers(0, 2, len(course))
    return {
        "course": course,
        "day": np.round(day[course, term], 1),
        "term": term.astype(np.int8),
        "grade": grade,
        "serious": filled(len(course), False, bool) | (grade >= 3),
    }

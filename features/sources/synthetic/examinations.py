"""What a grade rests on beside laboratory and vital signs, so that it can be graded by rule.

- Once a day in hospital, of ill and well alike, and at visits: consciousness, seizure, motor
  weakness and oedema. An ICE by its items, or a CAPD, where the vital signs were missed.
- By phone, after the days on which risks are asked for: temperature, pressure and "no oxygen", as
  the patient reads them. Nobody can do an ICE by phone, so ICANS stays open there.

All agree with the grade of the moment. A seizure, weakness or oedema never decides it here.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.grading.icans import ICE_ITEMS
from features.inputs import INPUTS
from features.sources.synthetic.columns import Columns, joined
from features.sources.synthetic.parameters import Floats
from features.sources.synthetic.people import People
from features.sources.synthetic.readings import (
    CAPD_BOUNDS,
    ICE_BOUNDS,
    code_of_text,
    consciousness_of,
    number_rows,
    score_of_grade,
    text_rows,
)
from features.sources.synthetic.stay import Stay
from features.sources.synthetic.timeline import BEFORE, COLUMNS, DAY_OF_COLUMN, Seen

Bools = NDArray[np.bool_]
_SIGNS: Final = ("seizure", "motor_weakness", "cerebral_oedema")
_MISSED: Final = 0.02  # rounds that nobody charted [A]
_FIRST_PHONE_DAY: Final = 15.0  # no default landmark sees what is read at home


def draw_examinations(
    people: People, seen: Seen, stay: Stay, vital_times: Bools, random: np.random.Generator
) -> Columns:
    """Return the rows of examinations of a block, ordered by course.

    Parameters
    ----------
    vital_times : ndarray of bool, shape (n, COLUMNS)
        Where vital signs, and in hospital an ICE or CAPD, are there already.
    """
    shape = (len(people.u), COLUMNS)
    when = DAY_OF_COLUMN[None, :] - 0.08 - 0.02 * random.random(shape)  # before the vitals
    spread = random.random(shape)
    charted = random.random(shape) >= _MISSED
    charted &= (np.arange(COLUMNS) > BEFORE)[None, :]
    column = np.arange(COLUMNS)
    round_ = ((column % 2 == 0) | (column == BEFORE + 1))[None, :]  # the first after the infusion
    seen_by_day = charted & ((stay.inpatient & round_) | stay.visit)
    missed = charted & stay.inpatient & (round_ | seen.is_ill) & ~vital_times
    parts = [
        *_neurological(people, seen, seen_by_day, missed | (charted & stay.visit), when, spread),
        *_by_phone(seen, stay.phone & charted, when, spread),
    ]
    return joined(parts)


def _neurological(
    people: People, seen: Seen, times: Bools, scored: Bools, when: Floats, spread: Floats
) -> Iterator[Columns]:
    grade, child = seen.icans_grade, people.is_child[:, None]
    at_once = np.zeros_like(when)
    nothing = np.full(grade.shape, code_of_text("none"), dtype=np.int8)
    for name in _SIGNS:
        yield text_rows(name, nothing, times, when)
    awake_or_unseen = (times & (grade == 0)) | scored
    yield text_rows("consciousness", consciousness_of(grade), awake_or_unseen, when)
    capd = score_of_grade(grade, spread, CAPD_BOUNDS)
    yield number_rows("capd_score", capd, scored & child, when, at_once)
    for name, points in _ice_items(score_of_grade(grade, spread, ICE_BOUNDS)).items():
        yield number_rows(name, points, scored & ~child, when, at_once)


def _ice_items(score: Floats) -> Mapping[str, Floats]:
    """Share a score out to the items, in their order."""
    items: dict[str, Floats] = {}
    left = score
    for name in ICE_ITEMS:
        items[name] = np.minimum(left, INPUTS[name].hard[1])
        left = left - items[name]
    return items


def _by_phone(seen: Seen, times: Bools, when: Floats, spread: Floats) -> Iterator[Columns]:
    well = times & (seen.crs_grade == 0) & (DAY_OF_COLUMN >= _FIRST_PHONE_DAY)[None, :]
    at_once: Any = np.zeros_like(when)
    yield number_rows("temperature_c", 36.2 + 1.2 * spread, well, when, at_once)
    yield number_rows("sbp_mmhg", 102.0 + 36.0 * spread, well, when, at_once)
    room_air = np.full(times.shape, code_of_text("room_air"), dtype=np.int8)
    yield text_rows("oxygen_device", room_air, well, when)

"""One block of courses, from people to rows. Course i does not depend on how many are made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from features.questions import Question
from features.sources.synthetic.columns import Columns
from features.sources.synthetic.examinations import draw_examinations
from features.sources.synthetic.late import draw_late_events
from features.sources.synthetic.parameters import observation, product_rows
from features.sources.synthetic.paths import draw_paths
from features.sources.synthetic.people import Mix, People, draw_people
from features.sources.synthetic.readings import draw_grades, draw_measurements
from features.sources.synthetic.signals import draw_signals
from features.sources.synthetic.states import Crs
from features.sources.synthetic.stay import Stay, draw_stay
from features.sources.synthetic.timeline import BEFORE, DAY_OF_COLUMN, Seen
from features.sources.synthetic.treatments import Support, draw_treatments
from features.sources.synthetic.truth import true_risks

BLOCK: Final = 500


@dataclass(frozen=True)
class Block:
    """The rows of up to `BLOCK` courses; ``course`` in each is the number of the course.

    Examinations are measurements that were added to the generator later: the others stay as they
    were, bit for bit.
    """

    courses: Columns
    measurements: Columns
    examinations: Columns
    treatments: Columns
    late_events: Columns
    grades: Columns
    truth: Columns


def blocks(n_courses: int, seed: int, mix: Mix, questions: Sequence[Question]) -> Iterator[Block]:
    """Yield the courses 0 to ``n_courses - 1``, block by block."""
    for number in range(-(-n_courses // BLOCK)):
        yield _block(number, min(BLOCK, n_courses - number * BLOCK), seed, mix, questions)


def _block(number: int, keep: int, seed: int, mix: Mix, questions: Sequence[Question]) -> Block:
    # a stream for each part: a change in one leaves the others as they were
    streams = np.random.SeedSequence([seed, number]).spawn(9)
    random = [np.random.default_rng(stream) for stream in streams]
    people = draw_people(BLOCK, mix, random[0])
    paths = draw_paths(people.row, people.u_level, people.v_level, random[1])
    seen = Seen(paths)
    stay = draw_stay(people, seen, random[2])
    signals = draw_signals(people, seen, random[3])
    support = Support(BLOCK, random[4])
    measurements, vital_times = draw_measurements(people, seen, stay, support, signals, random[6])
    made = {
        "courses": _courses(people, seen, stay, number * BLOCK, random[5]),
        "measurements": measurements,
        "examinations": draw_examinations(people, seen, stay, vital_times, random[8]),
        "treatments": draw_treatments(people, seen, stay, support, signals, random[4]),
        "late_events": draw_late_events(people, seen, stay, random[7]),
        "grades": draw_grades(seen, stay, random[5]),
        "truth": true_risks(paths, stay, questions),
    }
    return Block(**{name: _numbered(rows, keep, number) for name, rows in made.items()})


def _numbered(rows: Columns, keep: int, number: int) -> Columns:
    kept = {name: column[rows["course"] < keep] for name, column in rows.items()}
    return {**kept, "course": kept["course"] + number * BLOCK}


def _courses(
    people: People, seen: Seen, stay: Stay, first: int, random: np.random.Generator
) -> dict[str, Any]:
    products = np.array([row.name for row in product_rows()], dtype=object)[people.row]
    diagnoses = np.array([row.diagnosis for row in product_rows()], dtype=object)[people.row]
    sites = np.array([site["name"] for site in observation()["site"]], dtype=object)[people.site]
    return {
        "course": np.arange(len(people.row)),
        "patient": people.same_patient + first,
        "site": sites,
        "product": products,
        "diagnosis": diagnoses,
        **people.fields,
        "second_dose_day": _second_dose(people, seen, random),
        "follow_up_days": stay.follow_up_days,
        "discharge_day": stay.discharge_day,
        "readmission_day": stay.readmission_day,
        "death_day": stay.death_day,
        "death_cause": stay.death_cause,
    }


def _second_dose(people: People, seen: Seen, random: np.random.Generator) -> Any:
    """Return the day of the second dose, about day 10; withheld from who is then severely ill."""
    split = np.array([row.second_dose_share > 0 for row in product_rows()])[people.row]
    planned = BEFORE + int(np.flatnonzero(DAY_OF_COLUMN[BEFORE:] == 10.0)[0])
    given = split & seen.alive[:, planned]
    given &= (seen.crs[:, planned] < Crs.G3) | (seen.crs[:, planned] == Crs.RESOLVED)
    given &= seen.icans_grade[:, planned] < 3
    return np.where(given, np.round(10.0 + 0.2 * random.random(len(split)), 2), np.nan)

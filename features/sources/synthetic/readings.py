"""What reaches the record: measurement and grading rows, with each site's gaps and delays."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.inputs import INPUTS
from features.sources.synthetic.columns import Columns, code_of, filled, joined
from features.sources.synthetic.parameters import Floats, observation
from features.sources.synthetic.people import People
from features.sources.synthetic.signals import decimals
from features.sources.synthetic.states import CRS_TREATED, Fate
from features.sources.synthetic.stay import Stay
from features.sources.synthetic.timeline import BEFORE, COLUMNS, DAY_OF_COLUMN, Seen
from features.sources.synthetic.treatments import Support

Bools = NDArray[np.bool_]
_DAY: Final = DAY_OF_COLUMN[None, :]
_NEUROLOGICAL: Final = ("ice_score", "capd_score", "consciousness")

RECORDED: Final = tuple(INPUTS)
_INPUT: Final = code_of(RECORDED)
COMPARATORS: Final = ("<", ">")
TEXTS: Final = tuple(
    dict.fromkeys(
        word
        for name in (
            "oxygen_device", "consciousness", "seizure", "motor_weakness", "cerebral_oedema",
        )
        for word in INPUTS[name].levels
    )
)  # fmt: skip
_TEXT: Final = code_of(TEXTS)
CONTACTS: Final = ("inpatient", "visit", "phone")
TOXICITIES: Final = ("CRS", "ICANS")


def draw_measurements(
    people: People,
    seen: Seen,
    stay: Stay,
    support: Support,
    signals: Mapping[str, Floats],
    random: np.random.Generator,
) -> tuple[Columns, Bools]:
    """Return the measurement rows of a block, ordered by course, and when vitals were taken."""
    taken = random.random((len(people.u), COLUMNS))
    vital_times = _vital_times(people, seen, stay, random)
    parts = []
    for panel, times in _panel_times(people, seen, stay, random):
        when = DAY_OF_COLUMN[None, :] - 0.04 - 0.16 * taken
        delay = 0.04 + 0.08 * random.random((len(people.u), COLUMNS))
        for name, signal in observation()["signal"].items():
            if signal["panel"] == panel:
                parts.append(number_rows(name, signals[name], times, when, delay))
    when = DAY_OF_COLUMN[None, :] - 0.005 - 0.07 * taken
    at_once = np.zeros_like(when)
    for name, shown in _vitals(seen, support, signals, random).items():
        parts.append(number_rows(name, shown, vital_times, when, at_once))
    parts += _text_and_scores(people, seen, stay, support, vital_times, when, random)
    return joined(parts), vital_times


def _vital_times(people: People, seen: Seen, stay: Stay, random: np.random.Generator) -> Bools:
    twice = people.setting("vitals_per_day", 1) == 2
    missed = random.random((len(people.u), COLUMNS)) < 0.5 * _missed(people)
    every = twice[:, None] | seen.is_ill | (np.arange(COLUMNS) % 2 == 0)[None, :]
    before = (_DAY >= -1) & (_DAY <= 0)
    return ((stay.inpatient & every) | stay.visit | before) & ~missed


def _missed(people: People) -> Floats:
    share: Floats = people.setting("missed", 0.05)[:, None]
    return share


def _panel_times(
    people: People, seen: Seen, stay: Stay, random: np.random.Generator
) -> Iterator[tuple[str, Bools]]:
    """Yield when each panel is drawn: by schedule when well, daily or more when sick."""
    n = len(people.u)
    whole_day = (np.arange(COLUMNS) % 2 == 0)[None, :]
    measures = {
        "inflammation": people.setting("ferritin", True),
        "coagulation": people.setting("coagulation", True),
        "cytokine": people.setting("il6", False),
    }
    for panel, every_days in observation()["panel"].items():
        on_schedule = whole_day & (_DAY % every_days == 0)
        ill = whole_day & seen.is_ill
        twice = seen.is_sick & (panel in ("blood count", "inflammation"))
        before = _DAY <= 0
        wanted = (stay.inpatient & (on_schedule | ill | twice)) | stay.visit
        wanted |= before & whole_day & (on_schedule | (_DAY == 0))
        wanted &= random.random((n, COLUMNS)) >= _missed(people)
        yield panel, wanted & np.asarray(measures.get(panel, np.ones(n, dtype=bool)))[:, None]


def number_rows(name: str, shown: Floats, times: Bools, when: Floats, delay: Floats) -> Columns:
    """Return the results of an input whose values are `shown`, at `times`."""
    course, column = np.nonzero(times)
    n = len(course)
    value = np.round(shown[course, column], decimals(name))
    signal = observation()["signal"].get(name, {})
    low, high = signal.get("lower", -np.inf), signal.get("upper", np.inf)
    comparator = np.where(value < low, 0, np.where(value > high, 1, -1)).astype(np.int8)
    day = np.round(when[course, column], 3)
    return {
        "course": course,
        "day": day,
        "known_day": np.round(day + delay[course, column], 3),
        "input": filled(n, _INPUT[name], np.int8),
        "comparator": comparator,
        "value": np.clip(value, low, high),
        "text": filled(n, -1, np.int8),
    }


def text_rows(name: str, level: NDArray[np.int8], times: Bools, when: Floats) -> Columns:
    """Return the findings of an input whose levels, as codes of `TEXTS`, are `level`."""
    rows = number_rows(name, np.zeros(times.shape), times, when, np.zeros_like(when))
    course, column = np.nonzero(times)
    return {
        **rows,
        "value": filled(len(course), np.nan, float),
        "text": level[course, column],
    }


def _vitals(
    seen: Seen, support: Support, signals: Mapping[str, Floats], random: np.random.Generator
) -> dict[str, Floats]:
    """Return vital signs that agree with the ASTCT grade of the moment.

    Not with every grading by rule: that looks 24 h back, and fevers of an infection, a low pressure
    of no CRS and a grade that outlasts its treated fever are there, as they are on a ward.
    """
    shape = seen.crs_grade.shape
    grade = seen.crs_grade
    vitals = {
        name: signals[name]
        for name, signal in observation()["signal"].items()
        if signal["panel"] == "vital"
    }
    wobble = random.random((2, *shape), dtype=np.float32)
    fever_needed = (grade >= 1) & ~CRS_TREATED[seen.crs]
    infection = (random.random(shape) < 0.02) & (signals["anc_10e9_l"] < 0.5) & (grade == 0)
    temperature = vitals["temperature_c"] + 1.6 * infection
    feverless = np.minimum(temperature, np.where(infection, 40.5, 37.9))
    with_fever = np.maximum(temperature, 38.0 + 0.4 * wobble[0])
    vitals["temperature_c"] = np.where(
        fever_needed, with_fever, np.where(grade == 0, feverless, temperature)
    )
    low_pressure = (grade >= 2) & support.pressure[:, None]
    vitals["sbp_mmhg"] = np.where(
        low_pressure, np.minimum(vitals["sbp_mmhg"], 80 + 9 * wobble[1]), vitals["sbp_mmhg"]
    )
    short_of_air = (grade >= 2) & support.lungs[:, None]
    saturation = np.minimum(vitals["spo2_percent"], np.where(grade >= 3, 93.0, 95.0))
    vitals["spo2_percent"] = np.minimum(
        np.where(short_of_air, saturation, np.maximum(vitals["spo2_percent"], 92.0)), 100.0
    )
    return vitals


def _text_and_scores(
    people: People,
    seen: Seen,
    stay: Stay,
    support: Support,
    times: Bools,
    when: Floats,
    random: np.random.Generator,
) -> Iterator[Columns]:
    device = _oxygen_device(seen, support, random)
    yield text_rows("oxygen_device", device, times, when)
    inpatient = times & stay.inpatient
    child = people.is_child[:, None]
    grade = seen.icans_grade
    spread = random.random(grade.shape)
    ice = score_of_grade(grade, spread, ICE_BOUNDS)
    capd = score_of_grade(grade, spread, CAPD_BOUNDS)
    yield number_rows("ice_score", ice, inpatient & ~child, when, np.zeros_like(when))
    yield number_rows("capd_score", capd, inpatient & child, when, np.zeros_like(when))
    yield text_rows("consciousness", consciousness_of(grade), inpatient & (grade >= 1), when)


ICE_BOUNDS: Final = ((10, 7, 3, 0, 0), (10, 9, 6, 2, 0))
CAPD_BOUNDS: Final = ((0, 3, 5, 9, 20), (4, 8, 8, 24, 32))
"""Lowest and highest score of the ICANS grades 0 to 4."""


def score_of_grade(
    grade: NDArray[Any], spread: Floats, bounds: tuple[tuple[int, ...], tuple[int, ...]]
) -> Floats:
    """Return a score that the ICANS grade may have; `spread` in [0, 1) chooses it."""
    low, high = (np.array(limit)[grade] for limit in bounds)
    score: Floats = np.floor(low + (high - low + 1) * spread)
    return score


def consciousness_of(grade: NDArray[Any]) -> NDArray[np.int8]:
    """Return the level of consciousness that the ICANS grade has, as a code of `TEXTS`."""
    levels = INPUTS["consciousness"].levels
    words = [_TEXT[next(text for text in levels if levels[text] == rank)] for rank in range(5)]
    return np.array(words, dtype=np.int8)[grade]


def code_of_text(word: str) -> int:
    """Return the code of a word of `TEXTS`."""
    return _TEXT[word]


def _oxygen_device(seen: Seen, support: Support, random: np.random.Generator) -> NDArray[np.int8]:
    """Return the device that agrees with the CRS grade where the lungs carry it."""
    choices = np.array(
        [
            [_TEXT["room_air"]] * 2,
            [_TEXT["room_air"]] * 2,
            [_TEXT["nasal_cannula"]] * 2,
            [_TEXT["high_flow_nasal_cannula"], _TEXT["non_rebreather_mask"]],
            [_TEXT["bipap"], _TEXT["ventilator"]],
        ],
        dtype=np.int8,
    )
    grade = np.where(support.lungs[:, None], seen.crs_grade, 0)
    device: NDArray[np.int8] = choices[grade, random.integers(0, 2, len(grade))[:, None]]
    return device


def draw_grades(seen: Seen, stay: Stay, random: np.random.Generator) -> Columns:
    """Return the grading rows: every 12 hours in hospital, at visits and by phone after it."""
    contact = stay.contact
    contact[:, BEFORE] = True
    kind = np.where(stay.phone, 2, np.where(stay.visit, 1, 0)).astype(np.int8)
    jitter = 0.003 + 0.02 * random.random(contact.shape)
    jitter[:, BEFORE] = 0.0
    fatal = {"CRS": Fate.DEATH_CRS, "ICANS": Fate.DEATH_ICANS}
    grades = {"CRS": seen.crs_grade, "ICANS": seen.icans_grade}
    deaths = (np.cumsum(~seen.alive, axis=1) == 1) & ~np.isnan(stay.death_day)[:, None]
    parts = []
    for code, toxicity in enumerate(TOXICITIES):
        died = deaths & (seen.fate == fatal[toxicity])
        day = np.where(died, stay.death_day[:, None], np.round(_DAY - jitter, 4))
        grade = np.where(died, 5, grades[toxicity])
        parts.append(_grade_rows(grade, contact | died, kind, day, code))
    return joined(parts)


def _grade_rows(
    grade: NDArray[Any], made: Bools, kind: NDArray[np.int8], days: Floats, toxicity: int
) -> Columns:
    course, column = np.nonzero(made)
    day = days[course, column]
    charted = np.minimum(day + 0.002, DAY_OF_COLUMN[column])
    return {
        "course": course,
        "day": day,
        "known_day": np.round(np.maximum(charted, day), 4),
        "toxicity": filled(len(course), toxicity, np.int8),
        "grade": grade[course, column].astype(float),
        "contact": kind[course, column],
    }

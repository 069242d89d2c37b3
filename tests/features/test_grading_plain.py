"""One course read without arrays gives the grades of the arrays, whatever was charted and when."""

import random
from dataclasses import replace

import pytest

from features.grading import crs_at, icaht_at, icans_at, recorded_course
from features.grading.crs_reading import SUPPORT
from features.grading.plain import PlainCourse, plain_course, plain_crs, plain_icans
from features.grading.recorded import READ_FOR_GRADING, Recorded
from features.inputs import INPUTS
from features.tables import AGENTS, INTENTS

NAN = float("nan")
CRS_READ = ("temperature_c", "oxygen_device", "oxygen_flow_l_min", "sbp_mmhg")
CRS_AGENTS = (*SUPPORT, "tocilizumab", "corticosteroid", "antipyretic")
INSTANTS = (0.0, 0.5, 1.0, 2.0, 2.25, 3.0, 5.0)


def a_result(chance: random.Random, read: tuple[str, ...]) -> tuple:
    name = chance.choice(read)
    one, day = INPUTS[name], chance.choice((-1.0, -0.25, 0.0, 0.5, 1.0, 1.98, 2.0, 2.02, 2.9))
    known = day + chance.choice((0.0, 0.0, 0.0, 0.5, 2.0))
    if one.is_text:
        return name, day, known, NAN, chance.choice(list(one.levels))
    low, high = one.plausible
    value = chance.choice((low, high, one.hard[1], round(chance.uniform(low, high), 1)))
    return name, day, known, value, None


def a_treatment(chance: random.Random, agents: tuple[str, ...]) -> tuple:
    start = chance.choice((-0.5, 0.0, 0.5, 1.0, 1.5, 2.0))
    stop = start + chance.choice((NAN, NAN, 0.0, 0.25, 1.0, 2.0))
    known = start + chance.choice((0.0, 0.0, 0.75))
    dose, unit = chance.choice(
        ((None, None), (2.0, "L/min"), (8.0, "L/min"), (2.7, "{agents}"), (0.5, "{agents}"))
    )
    agent = chance.choice(agents)
    return agent, start, stop, known, dose, unit, chance.choice((None, *INTENTS))


def both_ways(
    seed: int, read: tuple[str, ...] = READ_FOR_GRADING, agents: tuple[str, ...] = tuple(AGENTS)
) -> tuple[PlainCourse, Recorded]:
    chance = random.Random(seed)  # noqa: S311 - a made-up patient
    course = {
        "age_years": chance.choice((None, 4.0, 11.0, 61.0)),
        "developmental_delay": chance.choice((None, False, True)),
    }
    results = [a_result(chance, read) for _ in range(chance.choice((0, 3, 15, 60)))]
    given = [a_treatment(chance, agents) for _ in range(chance.choice((0, 1, 3, 8)))]
    how = {
        "resolution": chance.choice(("instant", "day")),
        "treatments_recorded": chance.random() < 0.7,
    }
    rows = [(*row[:3], row[3] if row[4] is None else row[4]) for row in results]
    return plain_course(course, results, given, **how), recorded_course(course, rows, given, **how)


@pytest.mark.parametrize("seed", range(400))
def test_grades_are_those_of_the_arrays(seed):
    plain, recorded = both_ways(seed)
    for at in INSTANTS:
        assert plain_crs(plain, at) == crs_at(recorded, at)
        assert plain_icans(plain, at) == icans_at(recorded, at)
        assert icaht_at(plain, at) == icaht_at(recorded, at)


@pytest.mark.parametrize("seed", range(150))
def test_crs_that_goes_on_is_that_of_the_arrays_and_reads_nothing_of_later(seed):
    """Fever, support and drugs that hide fever, one close to the other."""
    plain, recorded = both_ways(seed, read=CRS_READ, agents=CRS_AGENTS)
    for at in INSTANTS:
        so_far = replace(plain, given=[one for one in plain.given if one.begin <= at])
        assert plain_crs(plain, at) == crs_at(recorded, at) == plain_crs(so_far, at)


def test_the_drawn_courses_reach_every_grade():
    graded = [
        grade(both_ways(seed)[0], 2.25) for seed in range(400) for grade in (plain_crs, plain_icans)
    ]
    for toxicity in ("CRS", "ICANS"):
        assert {one.grade for one in graded if one.toxicity == toxicity} == {None, 0, 1, 2, 3, 4}


def test_a_result_without_a_value_is_not_read():
    plain = plain_course({}, [("temperature_c", 1.0, 1.0, NAN, None)])
    assert plain.results == {}
    assert plain_crs(plain, 1.0).grade is None

"""Early ICAHT from one count a day, as a clinician would draw it."""

import pytest

from features.grading import (
    grade_icaht,
)

NEUTROPHILS = {"low": 0.3, "very low": 0.05, "good": 2.0}
PLATELETS = {"low": 40.0, "very low": 12.0, "good": 160.0}


def counts(drawing: str, words: dict[str, float]) -> list[float]:
    """Read "3 low, 28 good" as one count a day from day 0."""
    made: list[float] = []
    for part in drawing.split(", "):
        n, word = part.split(" ", maxsplit=1)
        made += [words[word]] * int(n)
    return made


@pytest.mark.parametrize(
    ("drawing", "neutrophils", "platelets"),
    [
        ("31 good", 0, 0),
        ("6 low, 25 good", 1, 1),
        ("7 low, 24 good", 2, 2),
        ("13 low, 18 good", 2, 2),
        ("14 low, 17 good", 3, 2),
        ("31 low", 4, 2),
        ("6 very low, 25 good", 1, 3),
        ("7 very low, 24 good", 3, 3),
        ("14 very low, 17 good", 4, 4),
        ("6 low, 2 good, 1 low, 22 good", 2, 2),
        ("6 low, 3 good, 1 low, 21 good", 2, 2),
        ("5 low, 3 good, 1 low, 22 good", 1, 1),
    ],
)
def test_early_icaht(drawing: str, neutrophils: int, platelets: int) -> None:
    days = range(31)
    of_neutrophils = grade_icaht(days, counts(drawing, NEUTROPHILS), "neutrophils", "early")
    of_platelets = grade_icaht(days, counts(drawing, PLATELETS), "platelets", "early")
    assert (of_neutrophils.grade, of_platelets.grade) == (neutrophils, platelets)

"""Grades of other scales in ASTCT: only what means the same is converted."""

import pytest

from features.grading import (
    convert,
)


@pytest.mark.parametrize(
    ("grade", "system", "converted"),
    [
        (3, "ASTCT", 3),
        (0, "Lee", 0),
        (0, "Penn", 0),
        (0, "MSKCC", 0),
        (0, "CTCAE", 0),
        (5, "CTCAE", 5),
        (2, "Lee", None),
        (4, "Lee", None),
        (3, "Penn", None),
        (3, "MSKCC", None),
        (4, "CTCAE", None),
        (3, "CARTOX", None),
        (0, "unknown", None),
    ],
)
def test_crs_of_other_scales_in_astct(grade: int, system: str, converted: int | None) -> None:
    assert convert(grade, system).grade == converted
    assert convert(grade, system).reason

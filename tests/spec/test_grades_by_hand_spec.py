"""Grades by hand beside the findings of the moment, as a clinician would read them.

`findings_higher`: what was found is above the grade by hand, unless it has another cause.
`findings_lower`: everything that could lift the grade was looked at, and it stays below the hand.
`unsupported`: the grade by hand is possible, and the findings that would decide are missing.
"""

import pytest

from features.grading import beside_the_hand
from tests.builders import Row, a_cohort, a_grading, a_measurement, a_treatment, an_infusion

DAY = 3.0
WELL = {"sbp_mmhg": 124.0, "oxygen_device": "room_air"}


def charted(findings: dict[str, float | str]) -> list[Row]:
    return [a_measurement("A", DAY, name, found) for name, found in findings.items()]


@pytest.mark.parametrize(
    ("title", "by_hand", "findings", "kind"),
    [
        ("fever, and CRS 1", 1, {"temperature_c": 38.6, **WELL}, "agrees"),
        ("no fever, and no CRS", 0, {"temperature_c": 36.8, **WELL}, "agrees"),
        ("fever and no CRS by hand: overlooked, or an infection", 0,
         {"temperature_c": 38.6, **WELL}, "findings_higher"),
        ("oxygen, and CRS 1 by hand: overlooked, or a pneumonia", 1,
         {"temperature_c": 38.6, **WELL, "oxygen_device": "face_mask"}, "findings_higher"),
        ("CRS 1 by hand, no fever and nothing that hides one", 1,
         {"temperature_c": 36.8, **WELL}, "findings_lower"),
        ("CRS 2 by hand, fever, pressure and oxygen normal", 2,
         {"temperature_c": 38.6, **WELL}, "findings_lower"),
        ("CRS 2 by hand, fever, pressure and oxygen not charted", 2,
         {"temperature_c": 38.6}, "unsupported"),
        ("CRS 3 by hand, on a cannula without its flow", 3,
         {"temperature_c": 38.6, **WELL, "oxygen_device": "nasal_cannula"}, "unsupported"),
        ("CRS 2 by hand, no temperature", 2, {"sbp_mmhg": 82.0}, "unsupported"),
        ("no CRS by hand, nothing charted", 0, {}, "unsupported"),
        ("death due to CRS by hand, no cause of death recorded", 5,
         {"temperature_c": 38.6, **WELL}, "unsupported"),
    ],
)  # fmt: skip
def test_crs_by_hand(title: str, by_hand: int, findings: dict[str, float | str], kind: str) -> None:
    cohort = a_cohort(
        an_infusion("A", age_years=61.0),
        a_treatment("A", 0.0, "g_csf"),
        charted(findings),
        a_grading("A", DAY, by_hand, "CRS", system="ASTCT"),
    )
    assert beside_the_hand(cohort)["kind"].tolist() == [kind], title
    assert cohort.grades["grade"].tolist() == [by_hand], title


@pytest.mark.parametrize(
    ("title", "by_hand", "ice", "kind"),
    [
        ("the same", 2, 5, "agrees"),
        ("lower by hand: overlooked, or another cause", 1, 5, "findings_higher"),
        ("higher by hand, a seizure was not charted", 3, 5, "unsupported"),
        ("an ICE of 10 and no ICANS", 0, 10, "agrees"),
    ],
)
def test_icans_by_hand(title: str, by_hand: int, ice: int, kind: str) -> None:
    cohort = a_cohort(
        an_infusion("A", age_years=61.0),
        a_measurement("A", DAY, "ice_score", ice),
        a_grading("A", DAY, by_hand, "ICANS", system="ASTCT"),
    )
    assert beside_the_hand(cohort)["kind"].tolist() == [kind], title

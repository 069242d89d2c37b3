"""CRS and ICANS on day 4, from what was charted and given, as a clinician would read it.

One line is one patient at one moment. Findings that a line does not name are not known. A grade is
at least what is known makes it; `None` is not gradable, which is never grade 0.
"""

import pytest

from features.grading import (
    crs_at,
    icans_at,
    recorded_course,
)

FEVER = ("temperature_c", 1.0, None, 39.2)
FEBRILE = ("temperature_c", 3.9, None, 38.6)
COOL = ("temperature_c", 3.9, None, 36.8)
PRESSURE = ("sbp_mmhg", 3.9, None, 118.0)
ROOM_AIR = ("oxygen_device", 3.9, None, "room_air")


@pytest.mark.parametrize(
    ("title", "results", "given", "grade"),
    [
        (
            "fever, tocilizumab, fever gone, one vasopressor runs",
            [FEVER, COOL, ROOM_AIR],
            [("tocilizumab", 1.5, None, None), ("vasopressor", 3.5, None, None)],
            3,
        ),
        (
            "the same without tocilizumab: no fever, no CRS",
            [FEVER, COOL, ROOM_AIR],
            [("vasopressor", 3.5, None, None)],
            0,
        ),
        (
            "tocilizumab without any fever before: no CRS",
            [COOL, ROOM_AIR],
            [("tocilizumab", 1.5, None, None), ("vasopressor", 3.5, None, None)],
            0,
        ),
        (
            "the fever of 20 hours ago counts",
            [("temperature_c", 3.2, None, 38.6), COOL, PRESSURE, ROOM_AIR],
            [],
            1,
        ),
        (
            "two vasopressors at the same time",
            [("temperature_c", 3.9, None, 38.6), ROOM_AIR],
            [("vasopressor", 3.0, None, None), ("vasopressor", 3.5, None, None)],
            4,
        ),
        (
            "two vasopressors, one after the other",
            [("temperature_c", 3.9, None, 38.6), ROOM_AIR],
            [("vasopressor", 3.0, 3.5, None), ("vasopressor", 3.5, None, None)],
            3,
        ),
        (
            "a vasopressor and vasopressin",
            [("temperature_c", 3.9, None, 38.6), ROOM_AIR],
            [("vasopressor", 3.0, None, None), ("vasopressin", 3.5, None, None)],
            3,
        ),
        (
            "a vasopressor that was stopped",
            [("temperature_c", 3.9, None, 38.6), PRESSURE, ROOM_AIR],
            [("vasopressor", 2.0, 3.0, None)],
            1,
        ),
        (
            "CPAP at home for sleep apnoea",
            [("temperature_c", 3.9, None, 38.6), PRESSURE, ("oxygen_device", 3.9, None, "cpap")],
            [("positive_pressure_ventilation", -300, None, None, None, None, "chronic")],
            1,
        ),
        (
            "CPAP at home, and now a ventilator",
            [("temperature_c", 3.9, None, 38.6), ("oxygen_device", 3.9, None, "ventilator")],
            [("positive_pressure_ventilation", -300, None, None, None, None, "chronic")],
            4,
        ),
        (
            "CPAP from home for one night, taken off in the morning",
            [("temperature_c", 3.9, None, 38.6), PRESSURE, ("oxygen_device", 3.3, None, "cpap")],
            [("positive_pressure_ventilation", 3.2, 3.6, None, None, None, "chronic")],
            1,
        ),
        (
            "a tube to protect the airway, taken out",
            [FEBRILE, PRESSURE, ("oxygen_device", 3.6, None, "ventilator")],
            [("intubation", 3.5, 3.8, None, None, None, "airway_protection")],
            1,
        ),
        (
            "CPAP from home in the night, and CPAP charted again in the day",
            [("temperature_c", 3.9, None, 38.6), PRESSURE, ("oxygen_device", 3.8, None, "cpap")],
            [("positive_pressure_ventilation", 3.2, 3.6, None, None, None, "chronic")],
            4,
        ),
        (
            "fever, a vasopressor since, fever gone: CRS ends when its last sign does",
            [("temperature_c", 2.4, None, 39.5), COOL, PRESSURE, ROOM_AIR],
            [("vasopressor", 2.5, None, None)],
            3,
        ),
        (
            "the same, and the vasopressor was stopped",
            [("temperature_c", 2.4, None, 39.5), COOL, PRESSURE, ROOM_AIR],
            [("vasopressor", 2.5, 3.5, None)],
            0,
        ),
        (
            "the same, and one vasopressor followed on the other",
            [("temperature_c", 2.4, None, 39.5), COOL, PRESSURE, ROOM_AIR],
            [("vasopressor", 2.5, 3.2, None), ("vasopressor", 3.22, None, None)],
            3,
        ),
        (
            "the same, with half a day between them: another cause is looked for",
            [("temperature_c", 2.4, None, 39.5), COOL, PRESSURE, ROOM_AIR],
            [("vasopressor", 2.5, 3.2, None), ("vasopressor", 3.7, None, None)],
            0,
        ),
        (
            "fever, dexamethasone four days ago, a vasopressor since then",
            [("temperature_c", 0.2, None, 39.2), COOL, PRESSURE, ROOM_AIR],
            [("corticosteroid", 0.3, None, None), ("vasopressor", 0.4, None, None)],
            3,
        ),
        (
            "fever, a nasal cannula at 2 L/min that was charted every shift since",
            [
                ("temperature_c", 2.4, None, 39.5), COOL, PRESSURE,
                *(("oxygen_device", day, None, "nasal_cannula") for day in (2.5, 3.0, 3.5, 3.9)),
                *(("oxygen_flow_l_min", day, None, 2.0) for day in (2.5, 3.0, 3.5, 3.9)),
            ],
            [],
            2,
        ),
        (
            "oxygen at home for years, and a fever that came and went",
            [("temperature_c", 2.4, None, 39.5), COOL, PRESSURE],
            [("oxygen", -300, None, None, 2.0, "L/min")],
            0,
        ),
        (
            "CPAP, and nobody says that it is from home",
            [("temperature_c", 3.9, None, 38.6), ("oxygen_device", 3.9, None, "cpap")],
            [],
            4,
        ),
        (
            "intubated to protect the airway",
            [("temperature_c", 3.9, None, 38.6), PRESSURE,
             ("oxygen_device", 3.9, None, "ventilator")],
            [("intubation", 3.5, None, None, None, None, "airway_protection")],
            1,
        ),
        (
            "intubated since the last device was charted",
            [("temperature_c", 3.9, None, 38.6), ("oxygen_device", 3.4, None, "face_mask")],
            [("vasopressor", 3.5, None, None), ("intubation", 3.6, None, None)],
            4,
        ),
        (
            "extubated: room air was charted later",
            [("temperature_c", 3.9, None, 38.6), PRESSURE, ROOM_AIR],
            [("intubation", 3.0, None, None)],
            1,
        ),
        (
            "cannula with 8 L/min",
            [("temperature_c", 3.9, None, 38.6), ("oxygen_device", 3.9, None, "nasal_cannula"),
             ("oxygen_flow_l_min", 3.9, None, 8.0)],
            [],
            3,
        ),
        (
            "oxygen given at 4 L/min, no device charted",
            [("temperature_c", 3.9, None, 38.6), PRESSURE],
            [("oxygen", 3.5, None, None, 4.0, "L/min")],
            2,
        ),
        (
            "a systolic pressure of 84",
            [("temperature_c", 3.9, None, 38.6), ("sbp_mmhg", 3.9, None, 84.0), ROOM_AIR],
            [],
            2,
        ),
        ("a temperature that is known tomorrow", [("temperature_c", 3.9, 5.0, 39.0)], [], None),
    ],
)  # fmt: skip
def test_crs_on_day_4_from_the_tables(
    title: str, results: list[tuple], given: list[tuple], grade: int | None
) -> None:
    assert crs_at(recorded_course({"age_years": 61}, results, given), 4.0).grade == grade, title


@pytest.mark.parametrize(
    ("title", "facts", "results", "grade"),
    [
        ("an adult by ICE", {"age_years": 61}, [("ice_score", 3.9, None, 5)], 2),
        ("an ICE of yesterday morning holds no longer", {"age_years": 61},
         [("ice_score", 2.5, None, 5)], None),
        ("five items", {"age_years": 61},
         [("ice_orientation", 3.9, None, 4), ("ice_naming", 3.9, None, 3),
          ("ice_command", 3.9, None, 1), ("ice_writing", 3.9, None, 0),
          ("ice_attention", 3.9, None, 0)], 1),
        ("a child by CAPD", {"age_years": 7},
         [("capd_score", 3.9, None, 12), ("ice_score", 3.9, None, 10)], 3),
        ("grown up with developmental delay", {"age_years": 20, "developmental_delay": True},
         [("capd_score", 3.9, None, 12)], 3),
        ("age unknown: by ICE", {}, [("ice_score", 3.9, None, 5)], 2),
        ("a seizure this morning, none since", {"age_years": 61},
         [("ice_score", 3.9, None, 9), ("seizure", 3.3, None, "brief"),
          ("seizure", 3.9, None, "none")], 3),
        ("drowsy in the morning, ICE 10 at noon", {"age_years": 61},
         [("consciousness", 3.3, None, "awakens_to_voice"), ("ice_score", 3.5, None, 10)], 0),
    ],
)  # fmt: skip
def test_icans_on_day_4_from_the_tables(
    title: str, facts: dict[str, object], results: list[tuple], grade: int | None
) -> None:
    assert icans_at(recorded_course(facts, results), 4.0).grade == grade, title

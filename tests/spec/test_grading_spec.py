"""The grading tables, as a clinician would read them: what was found, and the grade.

One line is one patient at one moment. Findings that a line does not name are not known. A grade is
at least what is known makes it; `None` is not gradable, which is never grade 0. Where a third
column stands, it is the highest the grade can be once what is missing is known.
"""

import re

import pytest

from features.grading import (
    CrsFindings,
    IcansFindings,
    convert,
    crs_at,
    disagreements,
    grade_crs,
    grade_icaht,
    grade_icans,
    has_fever,
    icans_at,
    ice_of,
    oxygen_of,
    recorded_course,
)
from tests.builders import a_cohort, a_grading, a_measurement, an_infusion

DEVICES = (
    "room air", "blow by", "high flow nasal cannula", "face mask", "venturi mask",
    "non rebreather mask", "cpap", "bipap", "ventilator",
)  # fmt: skip


def crs(sentence: str) -> CrsFindings:
    """Read the findings of a sentence such as "39.0 C, 1 vasopressor, nasal cannula 4 L/min"."""
    found = {}
    for phrase in filter(None, sentence.split(", ")):
        if match := re.fullmatch(r"(\d+\.\d) C", phrase):
            found["fever"] = bool(has_fever(float(match[1])))
        elif match := re.fullmatch(r"(no|\d) vasopressors?", phrase):
            found["vasopressors"] = 0 if match[1] == "no" else int(match[1])
        elif match := re.fullmatch(r"nasal cannula(?: (\d+) L/min)?", phrase):
            found["oxygen"] = oxygen_of("nasal_cannula", float(match[1]) if match[1] else None)
        elif phrase in DEVICES:
            found["oxygen"] = oxygen_of(phrase.replace(" ", "_"))
        else:
            found |= {
                "treated": {"fever_not_required": True},
                "pressure good": {"hypotension": False},
                "pressure low": {"hypotension": True},
                "vasopressin": {"vasopressin": True},
                "cpap at home": {"oxygen": oxygen_of("room_air"), "other_positive_pressure": True},
                "tube for the airway": {
                    "oxygen": oxygen_of("room_air"), "other_positive_pressure": True,
                },
                "died of it": {"died": True},
            }[phrase]  # fmt: skip
    return CrsFindings(**found)


WELL = "pressure good, no vasopressor, room air"


@pytest.mark.parametrize(
    ("title", "findings", "grade"),
    [
        # Fever
        ("no fever, nothing else", f"37.9 C, {WELL}", 0),
        ("fever begins at 38.0", f"38.0 C, {WELL}", 1),
        ("fever and nothing else", f"39.4 C, {WELL}", 1),
        ("no fever: hypotension has another cause", "37.0 C, 1 vasopressor, room air", 0),
        ("no fever: hypoxia has another cause", "37.0 C, no vasopressor, ventilator", 0),
        ("no temperature, no grade", WELL, None),
        ("no temperature, even with a vasopressor", "1 vasopressor, room air", None),
        ("nothing known", "", None),
        # Hypotension
        ("hypotension without vasopressor", "39.0 C, pressure low, no vasopressor, room air", 2),
        ("one vasopressor", "39.0 C, 1 vasopressor, room air", 3),
        ("one vasopressor and vasopressin", "39.0 C, 1 vasopressor, vasopressin, room air", 3),
        ("vasopressin alone (assumption)", "39.0 C, no vasopressor, vasopressin, room air", 3),
        ("two vasopressors", "39.0 C, 2 vasopressors, room air", 4),
        ("three vasopressors", "39.0 C, 3 vasopressors, room air", 4),
        # Hypoxia
        (
            "low-flow oxygen without hypotension",
            "39.0 C, pressure good, no vasopressor, nasal cannula 4 L/min",
            2,
        ),
        ("cannula at 6 L/min is low flow", "39.0 C, no vasopressor, nasal cannula 6 L/min", 2),
        ("cannula above 6 L/min is high flow", "39.0 C, no vasopressor, nasal cannula 7 L/min", 3),
        ("blow-by oxygen", "39.0 C, no vasopressor, blow by", 2),
        ("high-flow cannula", "39.0 C, no vasopressor, high flow nasal cannula", 3),
        ("face mask", "39.0 C, no vasopressor, face mask", 3),
        ("Venturi mask", "39.0 C, no vasopressor, venturi mask", 3),
        ("non-rebreather mask", "39.0 C, no vasopressor, non rebreather mask", 3),
        ("CPAP for hypoxia", "39.0 C, no vasopressor, cpap", 4),
        ("BiPAP for hypoxia", "39.0 C, no vasopressor, bipap", 4),
        ("intubated for hypoxia", "39.0 C, no vasopressor, ventilator", 4),
        ("CPAP at home for sleep apnoea", "39.0 C, pressure good, no vasopressor, cpap at home", 1),
        ("intubated for the airway alone", "39.0 C, 1 vasopressor, tube for the airway", 3),
        # The worse of the two
        ("one vasopressor with low flow", "39.0 C, 1 vasopressor, nasal cannula 3 L/min", 3),
        ("one vasopressor, intubated for hypoxia", "39.0 C, 1 vasopressor, ventilator", 4),
        ("several vasopressors, high flow", "39.0 C, 2 vasopressors, high flow nasal cannula", 4),
        ("hypotension and a mask", "39.0 C, pressure low, no vasopressor, face mask", 3),
        # After an antipyretic, tocilizumab or a steroid
        (
            "fever gone after tocilizumab, vasopressor",
            "37.0 C, treated, 1 vasopressor, room air",
            3,
        ),
        (
            "fever gone after tocilizumab, low flow",
            "37.0 C, treated, pressure good, no vasopressor, nasal cannula 2 L/min",
            2,
        ),
        ("everything gone after tocilizumab", f"37.0 C, treated, {WELL}", 0),
        ("treated, no temperature, CPAP", "treated, no vasopressor, cpap", 4),
        ("treated, nothing else known", "37.0 C, treated", None),
        # Death
        ("death due to CRS", "died of it", 5),
    ],
)
def test_crs(title: str, findings: str, grade: int | None) -> None:
    assert grade_crs(crs(findings)).grade == grade, title


@pytest.mark.parametrize(
    ("title", "findings", "lowest", "highest", "missing"),
    [
        ("fever, nothing else charted", "39.0 C", 1, 4, "sbp_mmhg, vasopressor, oxygen_device"),
        ("fever, no device charted", "39.0 C, pressure good, no vasopressor", 1, 4,
         "oxygen_device"),
        ("fever, pressure not charted", "39.0 C, no vasopressor, room air", 1, 2, "sbp_mmhg"),
        ("two vasopressors: nothing can add", "39.0 C, 2 vasopressors", 4, 4, ""),
        ("no fever: nothing can add", "37.0 C", 0, 0, ""),
        ("temperature missing, all else good", WELL, 0, 1, "temperature_c"),
        ("temperature missing, a mask", "pressure good, no vasopressor, face mask", 0, 3,
         "temperature_c"),
        ("cannula without a flow", "39.0 C, pressure good, no vasopressor, nasal cannula", 2, 3,
         "oxygen_flow_l_min"),
        ("vasopressin, vasopressors not recorded", "39.0 C, vasopressin, room air", 3, 4,
         "vasopressor"),
    ],
)  # fmt: skip
def test_what_is_missing_in_crs_and_what_it_could_change(
    title: str, findings: str, lowest: int, highest: int, missing: str
) -> None:
    graded = grade_crs(crs(findings))
    assert (graded.lowest, graded.highest) == (lowest, highest), title
    assert ", ".join(graded.missing) == missing, title


ALERT = {
    "consciousness": "awake", "seizure": "none", "motor_weakness": "none",
    "cerebral_oedema": "none",
}  # fmt: skip


@pytest.mark.parametrize(
    ("title", "ice", "other_findings", "grade"),
    [
        ("ICE 10, nothing else", 10, ALERT, 0),
        ("tremor is no finding of ICANS: ICE 10", 10, ALERT, 0),
        ("ICE 10, nothing else charted", 10, {}, 0),
        ("ICE 9", 9, ALERT, 1),
        ("ICE 7", 7, ALERT, 1),
        ("ICE 6", 6, ALERT, 2),
        ("ICE 3", 3, ALERT, 2),
        ("ICE 2", 2, ALERT, 3),
        ("ICE 0 awake", 0, ALERT, 3),
        ("ICE 0 and unarousable", 0, {"consciousness": "unarousable"}, 4),
        ("ICE 3 and obtunded", 3, {"consciousness": "needs_vigorous_stimuli"}, 4),
        ("ICE 10, drowsy", 10, {**ALERT, "consciousness": "awakens_spontaneously"}, 1),
        ("awakens to voice", 8, {"consciousness": "awakens_to_voice"}, 2),
        ("awakens only to touch", 8, {"consciousness": "awakens_to_touch"}, 3),
        ("brief seizure", 9, {**ALERT, "seizure": "brief"}, 3),
        ("long seizure", 9, {**ALERT, "seizure": "prolonged_or_repetitive"}, 4),
        ("hemiparesis", 10, {**ALERT, "motor_weakness": "deep_focal_weakness"}, 4),
        ("focal oedema", 9, {**ALERT, "cerebral_oedema": "focal"}, 3),
        ("papilloedema", 9, {**ALERT, "cerebral_oedema": "diffuse_or_herniation_signs"}, 4),
        ("haemorrhage does not count", 10, {**ALERT, "cerebral_oedema": "other_cause"}, 0),
        ("a seizure of a known epilepsy", 10, {**ALERT, "seizure": "other_cause"}, 0),
        ("sedated: no grade", 0, {"consciousness": "other_cause"}, None),
        ("sedated, with a seizure of ICANS", 0,
         {"consciousness": "other_cause", "seizure": "brief"}, 3),
        ("ICE not done, awake", None, ALERT, None),
        ("ICE not done, to voice", None, {"consciousness": "awakens_to_voice"}, 2),
        ("nothing known", None, {}, None),
    ],
)  # fmt: skip
def test_icans_of_adults(
    title: str, ice: int | None, other_findings: dict[str, str], grade: int | None
) -> None:
    assert grade_icans(IcansFindings(ice=ice_of(score=ice), **other_findings)).grade == grade, title


@pytest.mark.parametrize(
    ("title", "items", "score", "lowest", "highest"),
    [
        ("orientation, naming, command, writing, counting", (4, 3, 1, 1, 1), None, 10, 10),
        ("two errors", (3, 2, 1, 1, 1), None, 8, 8),
        ("counting not asked", (4, 3, 1, 1, None), None, 9, 10),
        ("only the score", (), 6, 6, 6),
        ("items not complete: the score helps", (4, 3, None, None, None), 8, 8, 8),
        ("the score contradicts the items: the items count", (4, 3, 1, 1, 1), 5, 10, 10),
    ],
)
def test_the_ice_adds_up(
    title: str, items: tuple[int, ...], score: int | None, lowest: int, highest: int
) -> None:
    ice = ice_of(items, score)
    assert (ice.lowest, ice.highest) == (lowest, highest), title
    assert ice.contradicts_items == ("contradicts" in title)


@pytest.mark.parametrize(
    ("title", "capd", "other_findings", "grade"),
    [
        ("CAPD 4, awake", 4, ALERT, 0),
        ("CAPD 8, drowsy", 8, {**ALERT, "consciousness": "awakens_spontaneously"}, 1),
        ("CAPD 8, to voice", 8, {**ALERT, "consciousness": "awakens_to_voice"}, 2),
        ("CAPD 9", 9, ALERT, 3),
        ("CAPD 8, only to touch", 8, {**ALERT, "consciousness": "awakens_to_touch"}, 3),
        ("CAPD cannot be done", None, {"consciousness": "unarousable"}, 4),
        ("CAPD 8, consciousness not charted", 8, {}, None),
        ("CAPD not done, awake", None, ALERT, None),
        ("brief seizure", 3, {**ALERT, "seizure": "brief"}, 3),
    ],
)
def test_icans_under_twelve_years(
    title: str, capd: float | None, other_findings: dict[str, str], grade: int | None
) -> None:
    graded = grade_icans(IcansFindings(child=True, capd=capd, **other_findings))
    assert graded.grade == grade, title


FEVER = ("temperature_c", 1.0, None, 39.2)
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


@pytest.mark.parametrize(
    ("title", "by_hand", "ice", "flag"),
    [
        ("the same", 2, 5, None),
        ("too low by hand", 1, 5, "contradicted"),
        ("higher by hand, a seizure was not charted", 3, 5, "unsupported"),
    ],
)
def test_a_grade_by_hand_that_disagrees_is_flagged_and_stays(
    title: str, by_hand: int, ice: int, flag: str | None
) -> None:
    cohort = a_cohort(
        an_infusion("A", age_years=61.0),
        a_measurement("A", 3.0, "ice_score", ice),
        a_grading("A", 3.0, by_hand, "ICANS", system="ASTCT"),
    )
    flagged = disagreements(cohort)
    assert flagged["kind"].tolist() == ([] if flag is None else [flag]), title
    assert cohort.grades["grade"].tolist() == [by_hand]

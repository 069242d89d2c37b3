"""CRS by ASTCT 2019, as a clinician would read it: what was found, and the grade.

One line is one patient at one moment. Findings that a line does not name are not known. A grade is
at least what is known makes it; `None` is not gradable, which is never grade 0. Where more columns
stand, they are what the grade can be once what is missing is known.
"""

import re

import pytest

from features.grading import (
    CrsFindings,
    grade_crs,
    has_fever,
    oxygen_of,
)

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

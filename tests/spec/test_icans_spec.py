"""ICANS by ASTCT 2019, as a clinician would read it: what was found, and the grade.

One line is one patient at one moment. Findings that a line does not name are not known. A grade is
at least what is known makes it; `None` is not gradable, which is never grade 0.
"""

import pytest

from features.grading import (
    IcansFindings,
    grade_icans,
    ice_of,
)

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

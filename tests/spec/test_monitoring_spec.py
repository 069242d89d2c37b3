"""The monitoring plan, as a clinician would read it: the tier, what to look at, how often.

Every line holds in addition to the product's label and the site's protocol. "A" is a proposal that
a clinician must sign; "L" was read in the source that the plan names.
"""

import pytest

from serving.course import CourseSoFar
from serving.messages import Course
from serving.monitoring_plan import Plan, level_of

SOMEBODY = CourseSoFar(Course(), None, "no_product", "", landmark=1.0, resolution="instant")


def plan_of_tier(rank: int, of: int):
    return Plan().told(level_of(rank, of), "", SOMEBODY)


@pytest.mark.parametrize(
    ("tier", "of", "item", "how_often", "until_day", "tag"),
    [
        (1, 3, "ice", "at least twice daily", 14, "L"),
        (1, 3, "motor", "at least twice daily", 14, "L"),
        (1, 3, "vital_signs", "at least 3 times a day", 14, "A"),
        (1, 3, "laboratory", "daily until day 7, then 2 to 3 times a week", 14, "A"),
        (2, 3, "ice", "every 8 hours", 14, "L"),
        (2, 3, "motor", "every 8 hours", 14, "L"),
        (2, 3, "vital_signs", "every 4 hours", 14, "A"),
        (2, 3, "laboratory", "every 12 to 24 hours", 14, "A"),
        (2, 4, "ice", "every 8 hours", 14, "L"),
        (3, 4, "ice", "every 8 hours", 14, "L"),
        (3, 3, "ice", "every 4 to 6 hours", None, "A"),
        (3, 3, "rhythm_and_saturation", "continuously", None, "L"),
        (3, 3, "vital_signs", "every 1 to 2 hours", None, "A"),
        (3, 3, "laboratory", "every 8 to 12 hours", None, "A"),
        (3, 3, "end", "until 72 hours after every sign has gone, and not before day 14", None, "A"),
        (1, 1, "rhythm_and_saturation", "continuously", None, "L"),
    ],
)
def test_what_a_tier_asks_for(
    tier: int, of: int, item: str, how_often: str, until_day: float | None, tag: str
) -> None:
    row = next(one for one in plan_of_tier(tier, of).rows if one.item == item)
    assert (row.how_often, row.until_day, row.tag) == (how_often, until_day, tag)


@pytest.mark.parametrize(
    ("at", "do"),
    [
        ("temperature 38.0 °C or more", "grade CRS now"),
        ("low blood pressure, or any need of oxygen", "CRS grade 2 or more: highest tier"),
        ("support of the circulation, or high-flow oxygen", "CRS grade 3 or more: intensive care"),
        ("ICE lower by 1 or more, or handwriting changed", "one tier up"),
        ("ICE 6 or less, a seizure, or reduced arousal", "imaging of the brain, EEG"),
        ("days 15 to 28", "see the patient weekly"),
    ],
)
def test_at_which_finding_to_assess_by_local_protocol(at: str, do: str) -> None:
    then = next(one.then for one in plan_of_tier(1, 3).triggers if one.when == at)
    assert do in then
    assert then.endswith("assess by local protocol")

"""Grades of other scales: read, kept apart, and converted only where that is defined.

A cohort keeps each grading with its system, and labels are made in one system
(:func:`features.follow_up.grades_of_one_system`). Most grades have no ASTCT grade: the scales weigh
organ toxicity, doses and oxygen differently (PMC7006459 table 2), so the findings must be graded
again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from features.errors import CohortError
from features.grading.graded import VERIFIED
from features.tables import GRADING_SYSTEMS, TOXICITIES

ASTCT = "ASTCT"

_DIFFERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "Lee": (
            "organ toxicity counts, and a single vasopressor is grade 2 or 3 by its dose, oxygen "
            "by 40 %",
            "L",
        ),
        "Penn": (
            "grade 3 takes in intravenous fluids, any supplemental oxygen and transfused "
            "coagulopathy, so Penn 3 or more overstates ASTCT 3 or more",
            "L",
        ),
        "MSKCC": ("a vasopressor below 24 h is grade 2, from 24 h on grade 3", "L"),
        "CARTOX": ("it grades CRS much as Lee does, by organ toxicity, dose and oxygen", "L"),
        "CTCAE": ("oxygen is graded by 40 %, and grade 4 is life-threatening", "Mh"),
        "unknown": ("the system is not known", "L"),
    }
)


@dataclass(frozen=True, slots=True)
class Converted:
    """A grade of another scale in ASTCT, or None, and why.

    Attributes
    ----------
    grade : int or None
        None where no conversion is defined.
    reason : str
        In words.
    tag : str
        Confidence of the reason, as in :class:`features.grading.graded.Graded`.
    """

    grade: int | None
    reason: str
    tag: str

    @property
    def verified(self) -> bool:
        """Whether the source of the reason was read."""
        return self.tag in VERIFIED

    @property
    def shown_to_clinicians(self) -> bool:
        """Whether it may be shown; an assumption may, named as one."""
        return self.verified or self.tag == "A"


def convert(
    grade: int, from_system: str, to_system: str = ASTCT, toxicity: str = "CRS"
) -> Converted:
    """Convert a grade where that is defined.

    A grade of the same system stays. In CRS, 0 (none) and 5 (death due to it) mean the same on
    every scale, which is an assumption. Nothing else is converted.

    Raises
    ------
    CohortError
        A grade, system or toxicity that does not exist.
    """
    _check(grade, from_system, to_system, toxicity)
    if from_system == to_system != "unknown":
        return Converted(grade, "the same system", "L")
    if to_system != ASTCT:
        return Converted(None, f"grades are converted to {ASTCT} only", "L")
    if toxicity != "CRS":
        words = "neurotoxicity" if toxicity == "ICANS" else toxicity
        return Converted(None, f"no conversion of {words} grades is defined", "L")
    differs, tag = _DIFFERS[from_system]
    if from_system == "unknown":
        return Converted(None, differs, tag)
    if grade in (0, 5):
        meaning = "no CRS" if grade == 0 else "death due to CRS"
        return Converted(grade, f"{grade} is {meaning} on both scales: an assumption", "A")
    return Converted(None, f"{from_system}: {differs}; grade the findings again", tag)


def _check(grade: int, from_system: str, to_system: str, toxicity: str) -> None:
    if grade not in range(6):
        raise CohortError("a grade is no whole number from 0 to 5; give one, or leave it out.")
    for what, word, legal in (
        ("from_system", from_system, GRADING_SYSTEMS),
        ("to_system", to_system, GRADING_SYSTEMS),
        ("toxicity", toxicity, TOXICITIES),
    ):
        if word not in legal:
            raise CohortError(f"{what} is none of {', '.join(legal)}; give one of these.")

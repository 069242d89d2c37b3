"""Grades from raw findings, each with the rule that decided and the findings that are missing.

Pure rules: :func:`grade_crs`, :func:`grade_icans`, :func:`grade_icaht`, :func:`iec_hs_criteria`.
The same for one course at an instant: :func:`crs_at`, :func:`icans_at`, :func:`icaht_at`,
:func:`iec_hs_at`. For a whole cohort: :func:`grade_cohort`, and :func:`beside_the_hand` with what a
person graded, which is never changed.
"""

from features.grading.by_hand import KINDS, Kind, beside_one, beside_the_hand
from features.grading.crs import CrsFindings, Oxygen, grade_crs, has_fever, oxygen_of
from features.grading.crs_reading import crs_at
from features.grading.graded import Graded
from features.grading.icaht import grade_icaht, icaht_at
from features.grading.icans import IcansFindings, Ice, grade_icans, ice_of, uses_capd
from features.grading.icans_reading import icans_at
from features.grading.iec_hs import IecHs, IecHsFindings, Laboratory, iec_hs_at, iec_hs_criteria
from features.grading.one_course import recorded_course
from features.grading.recorded import Recorded, recorded_cohort
from features.grading.scales import Converted, convert
from features.grading.whole_cohort import grade_cohort

__all__ = [
    "KINDS",
    "Converted",
    "CrsFindings",
    "Graded",
    "IcansFindings",
    "Ice",
    "IecHs",
    "IecHsFindings",
    "Kind",
    "Laboratory",
    "Oxygen",
    "Recorded",
    "beside_one",
    "beside_the_hand",
    "convert",
    "crs_at",
    "grade_cohort",
    "grade_crs",
    "grade_icaht",
    "grade_icans",
    "has_fever",
    "icaht_at",
    "icans_at",
    "ice_of",
    "iec_hs_at",
    "iec_hs_criteria",
    "oxygen_of",
    "recorded_cohort",
    "recorded_course",
    "uses_capd",
]

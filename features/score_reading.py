"""A score at the bedside: read on a day it was studied on, or refused with the reason.

Nothing raises for a patient who cannot be scored: the answer says why, so that it can be shown.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from features.products import READ_TAGS
from features.score_facts import CutOff, Score
from features.scores import SCORES

OLDEST_DAYS_BEFORE_LYMPHODEPLETION = 14.0
"""How old a reading "before lymphodepletion" may be [A]."""

UNVERIFIED_ITEMS = "Part of its formula was not read in the source: not verified."


@dataclass(frozen=True, slots=True)
class ScoreReading:
    """One score of one patient at one moment.

    Attributes
    ----------
    points : float or None
        None where the score was refused or a reading is missing.
    refused : str
        Why it may not be read now; empty where it may.
    missing : tuple of str
        Inputs and findings that it needs and that were not given.
    cut_off : CutOff or None
        Only one whose source was read, and that was derived for this moment.
    cautions : tuple of str
        What must be shown with the points.
    """

    score: Score
    points: float | None = None
    refused: str = ""
    missing: tuple[str, ...] = ()
    cut_off: CutOff | None = None
    cautions: tuple[str, ...] = ()

    @property
    def high(self) -> bool | None:
        """Whether the shown cut-off is reached; None where there is none to show."""
        if self.points is None or self.cut_off is None:
            return None
        return self.cut_off.reached(self.points)


def read_score(
    name: str,
    day: float,
    readings: Mapping[str, float | None],
    *,
    lymphodepletion_day: float | None = None,
    diagnosis: str | None = None,
    age_years: float | None = None,
) -> ScoreReading:
    """Read the score called `name` from readings of `day`.

    Parameters
    ----------
    day : float
        Days from infusion, of the readings.
    readings : mapping
        Canonical values by input, and 0, 1 (2) by finding; None or NaN is missing.
    lymphodepletion_day : float or None
        First day of lymphodepletion, negative. Without it a score is not taken as read before.

    Raises
    ------
    KeyError
        For a name that is not in :data:`features.scores.SCORES`.
    """
    score = SCORES[name]
    before = _before_lymphodepletion(day, lymphodepletion_day)
    refused = _refusal(score, day, lymphodepletion_day, before=before)
    if refused:
        return ScoreReading(score, refused=refused)
    cautions = _cautions(score, diagnosis, age_years)
    known = {key: one for key, one in readings.items() if one is not None and not math.isnan(one)}
    missing = tuple(key for key in (*score.inputs, *score.findings) if key not in known)
    if missing:
        return ScoreReading(score, missing=missing, cautions=cautions)
    shown = _shown_cut_off(score, before=before)
    return ScoreReading(score, float(score.of(known)), cut_off=shown, cautions=cautions)


def _before_lymphodepletion(day: float, lymphodepletion_day: float | None) -> bool:
    if lymphodepletion_day is None:
        return False
    start = math.floor(lymphodepletion_day)
    return start - OLDEST_DAYS_BEFORE_LYMPHODEPLETION <= math.floor(day) <= start


def _refusal(score: Score, day: float, lymphodepletion_day: float | None, *, before: bool) -> str:
    timing = score.timing
    if (
        timing.any_day
        or math.floor(day) in timing.days
        or (timing.before_lymphodepletion and before)
    ):
        return ""
    reason = f"{score.label} is read {timing_words(score)}; this is another day."
    if timing.before_lymphodepletion and lymphodepletion_day is None and day < 0:
        reason += " If this is before lymphodepletion, give lymphodepletion_day."
    return reason


def timing_words(score: Score) -> str:
    """Return when a score may be read, as a clause."""
    timing = score.timing
    if timing.any_day:
        return "on any day"
    clauses = []
    if timing.before_lymphodepletion:
        clauses.append(
            f"in the {OLDEST_DAYS_BEFORE_LYMPHODEPLETION:g} days before lymphodepletion starts"
        )
    if timing.days:
        clauses.append(f"on {_days_words(timing.days)}")
    return " or ".join(clauses)


def _days_words(days: tuple[int, ...]) -> str:
    if len(days) > 1 and days == tuple(range(days[0], days[-1] + 1)):
        return f"days {days[0]} to {days[-1]}"
    return f"days {', '.join(map(str, days))}"


def _cautions(score: Score, diagnosis: str | None, age_years: float | None) -> tuple[str, ...]:
    found = [score.caution]
    if score.items_tag not in READ_TAGS:
        found.append(UNVERIFIED_ITEMS)
    if score.diagnoses and diagnosis is not None and diagnosis not in score.diagnoses:
        found.append(f"Not made in {diagnosis}: {score.population}.")
    if age_years is not None and age_years < score.youngest_years:
        found.append(f"Not made in children: {score.population}.")
    return tuple(found)


def _shown_cut_off(score: Score, *, before: bool) -> CutOff | None:
    one = score.cut_off
    if one is None or not one.verified or (one.only_before_lymphodepletion and not before):
        return None
    return one

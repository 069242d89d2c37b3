"""The limits for going live, written down and signed before the first answer is given.

One TOML file is one decision: for one question, whether the answers that were recorded without
being shown were good enough. What it leaves out is not asked for.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from features.errors import PlanError
from training.plan_reading import read_section

ANY_MODEL = "any"
_LEAST_DIGEST = 8  # a prefix shorter than this could mean two models


@dataclass(frozen=True)
class TierLimits:
    """Limits at the tiers that would raise an alert.

    Parameters
    ----------
    names : tiers that count as an alert, as the answers call them.
    least_sensitivity : share of event patients who had an alert with the event in its window.
    least_positive_predictive_value : share of alerts whose window held the event.
    most_alerts_per_100_patient_days : days with an alert per 100 days with an answer.
    """

    names: tuple[str, ...]
    least_sensitivity: float | None = None
    least_positive_predictive_value: float | None = None
    most_alerts_per_100_patient_days: float | None = None


@dataclass(frozen=True)
class Limits:
    """What has to hold before a model may be shown.

    Parameters
    ----------
    written_on, signed_by : when and by whom; a role is enough.
    question : name of the question.
    model : digest of the risk model or its first 8 or more characters; "any" for the model that
        answered last.
    error : largest probability that "met" is ever said although a limit does not hold, however
        often one looks.
    least_patients, least_event_patients : with a determined outcome, before anything is met.
    observed_to_expected : lowest and highest ratio of observed to predicted risk.
    worst_log_loss_difference : the log loss may exceed that of `comparator` by this much at most.
    comparator : name of a rule that was fitted with the model.
    tier : limits at the tiers that would raise an alert.

    Raises
    ------
    PlanError
        A value that is not legal, or no limit at all.
    """

    written_on: date
    signed_by: str
    question: str
    model: str = ANY_MODEL
    error: float = 0.05
    least_patients: int = 0
    least_event_patients: int = 0
    observed_to_expected: tuple[float, ...] | None = None
    worst_log_loss_difference: float | None = None
    comparator: str = "grade_and_day"
    tier: TierLimits | None = None

    def __post_init__(self) -> None:
        for broken, legal in (*self._header_rules(), *self._figure_rules()):
            if broken:
                raise PlanError(f"limits: {legal}.")

    def _header_rules(self) -> Iterator[tuple[bool, str]]:
        yield not self.signed_by.strip(), "signed_by is empty; the person who answers for it signs"
        yield (
            self.model != ANY_MODEL and len(self.model) < _LEAST_DIGEST,
            f'model is "{ANY_MODEL}" or at least {_LEAST_DIGEST} characters of a digest',
        )
        yield not 0 < self.error <= 0.2, "error lies above 0 and is at most 0.2"
        counts = (self.least_patients, self.least_event_patients)
        yield min(counts) < 0, "least_patients and least_event_patients are 0 or more"

    def _figure_rules(self) -> Iterator[tuple[bool, str]]:
        ratio, worst, tier = self.observed_to_expected, self.worst_log_loss_difference, self.tier
        yield (
            ratio is not None and not (len(ratio) == 2 and 0 < ratio[0] < ratio[1] < 50),
            "observed_to_expected is [low, high] with 0 < low < high < 50",
        )
        yield (
            worst is not None and not -1 < worst < 1,
            "worst_log_loss_difference lies between -1 and 1",
        )
        at_tier = self.tier_limits
        yield tier is not None and not (tier.names and at_tier), "[tier] needs names and a limit"
        for name, limit, highest in at_tier:
            yield not 0 < limit < highest, f"[tier] {name} lies above 0 and below {highest:g}"
        yield (
            ratio is None and worst is None and not at_tier,
            "no limit is set: give observed_to_expected, worst_log_loss_difference or [tier]. "
            "Numbers of patients alone say nothing about a model",
        )

    @property
    def tier_limits(self) -> tuple[tuple[str, float, float], ...]:
        """Name, limit and highest legal value of what is asked for at the tiers."""
        if self.tier is None:
            return ()
        highest = {
            "least_sensitivity": 1.0,
            "least_positive_predictive_value": 1.0,
            "most_alerts_per_100_patient_days": 100.0,
        }
        given = ((name, getattr(self.tier, name), top) for name, top in highest.items())
        return tuple((name, limit, top) for name, limit, top in given if limit is not None)

    def is_for(self, model: str) -> bool:
        """Whether these limits were written for a model, by its digest."""
        return self.model == ANY_MODEL or model.startswith(self.model)

    def refuse_if_written_after(self, first_answer: pd.Timestamp) -> None:
        """Refuse limits that were not written beforehand.

        Raises
        ------
        PlanError
            `written_on` lies after the day of the first answer.
        """
        if not pd.isna(first_answer) and self.written_on > first_answer.date():
            raise PlanError(
                f"limits: written_on is {self.written_on}, after the first answer of "
                f"{first_answer.date()}. Limits that were written with answers in sight prove "
                "nothing: keep those written before, or start anew with answers still to come "
                "(a new model, or a ledger of its own)."
            )


def read_limits(path: Path) -> tuple[Limits, str]:
    """Read a file of limits; return them with the SHA-256 of the file, so that an edit shows.

    Raises
    ------
    PlanError
        The file is absent, is no TOML, or holds an unknown key or an illegal value.
    """
    try:
        content = path.read_bytes()
        given = tomllib.loads(content.decode("utf-8"))
    except OSError as failure:
        raise PlanError(f"{path}: cannot be read ({failure.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise PlanError(f"{path} is not TOML: {failure}.") from None
    limits = read_section(Limits, given, f"{path}: limits")
    return limits, hashlib.sha256(content).hexdigest()


_DRAFT = """\
# Limits for going live. Write them before the first answer is given, sign them, keep them:
#   python -m training evaluate --answers EXPORT --limits THIS_FILE --model MODEL
# What is left out is not asked for. A limit close to the truth is never decided: see
# experiments/silent_mode for how many months each takes.
written_on = {today}
signed_by = ""                      # name or role of the person who answers for it
question = "severe-crs-72h"
model = "any"                       # or the digest of one model; "any": the one that answered last
error = 0.05                        # chance of ever saying "met" wrongly, however often one looks
least_patients = 60
least_event_patients = 6
observed_to_expected = [0.5, 2.0]   # observed against predicted events
worst_log_loss_difference = 0.02    # against the comparator; needs --model
comparator = "grade_and_day"

[tier]
names = ["high"]                    # tiers that would raise an alert
least_sensitivity = 0.5             # of patients with the event
least_positive_predictive_value = 0.05   # of alerts
most_alerts_per_100_patient_days = 25
"""


def draft_limits(path: Path, today: date) -> None:
    """Write limits to be corrected and signed; an existing file stays.

    Raises
    ------
    PlanError
        The file exists.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(_DRAFT.format(today=today.isoformat()))
    except FileExistsError:
        raise PlanError(
            f"{path} exists; limits are not overwritten. Choose another name."
        ) from None

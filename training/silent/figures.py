"""What each patient says of each limit: two numbers whose means make the figure.

The unit is the patient, since rows of one patient are not independent: each brings sums over the
own answers, as a share of the days on which one can be asked at most. Means of each patient's
answers would not do: whoever has the event soon leaves the risk set and has few answers, so that
the true risk itself would seem too low, and be beaten by a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.bootstrap import FloatArray
from training.metrics import row_log_loss
from training.silent.joined import Joined
from training.silent.limits import Limits, TierLimits
from training.silent.sequential import Ratio

TIMES_LOWER, LEFT_FREE = 5.0, 0.5
"""A bet needs a largest loss. For the log loss a risk is read as at most TIMES_LOWER times lower
than the comparator's, and as leaving at least LEFT_FREE of the comparator's chance of no event: a
missed event costs log 5 a day at most, a false alarm log 2."""

KEPT_WITHIN = (0.01, 0.99)
_COSTS = (np.log(TIMES_LOWER), -np.log(LEFT_FREE))
_LARGEST_GAIN = float(-np.log(KEPT_WITHIN[0]))
_SHARES = np.linspace(0.0, 1.0, 201)
_RATIOS = np.r_[0.0, np.geomspace(0.02, 50.0, 200)]
_DIFFERENCES = _LARGEST_GAIN * np.sinh(np.linspace(-6.0, 6.0, 241)) / np.sinh(6.0)


@dataclass(frozen=True, eq=False)
class Bound:
    """One limit and what the patients say of it.

    Parameters
    ----------
    name : the key of the limits file.
    of : whose mean it is, in the plural.
    limit, at_least : what the ratio has to reach, or (`at_least` false) may not exceed.
    ratio : None where it cannot be computed.
    because : why it cannot.
    """

    name: str
    of: str
    limit: float
    at_least: bool
    ratio: Ratio | None
    because: str = ""


def bounds(joined: Joined, limits: Limits, compared: FloatArray | str) -> tuple[Bound, ...]:
    """Return every one-sided limit with its patients.

    Parameters
    ----------
    compared : (rows,) risks of the comparator at ``joined.rows``, or why there are none.
    """
    made = [*_calibration(joined, limits), *_log_loss(joined, limits, compared)]
    if limits.tier is not None:
        made += _at_tier(joined, limits.tier)
    return tuple(made)


def _calibration(joined: Joined, limits: Limits) -> Iterator[Bound]:
    """Sum of outcomes against sum of risks.

    Answers to a patient count until their risks add up to what one certain event brings; each is
    kept or not before its outcome, so that risks that are right still give a ratio of 1.
    """
    if limits.observed_to_expected is None:
        return
    rows, most = joined.rows, joined.most_events
    so_far = rows.groupby("patient_id", sort=False)["probability"].cumsum()
    kept = (so_far <= most * (joined.longest_days or np.inf)).to_numpy(dtype=np.float64)
    ratio = _of_answers(
        joined, kept * rows["outcome"], kept * rows["probability"], (0.0, most), _RATIOS, most
    )
    low, high = limits.observed_to_expected
    yield Bound("observed_to_expected, lowest", "patients", low, True, ratio)
    yield Bound("observed_to_expected, highest", "patients", high, False, ratio)


def _log_loss(joined: Joined, limits: Limits, compared: FloatArray | str) -> Iterator[Bound]:
    """Mean log loss of the answers less that of the comparator."""
    worst = limits.worst_log_loss_difference
    if worst is None:
        return
    name = "worst_log_loss_difference"
    if isinstance(compared, str):
        yield Bound(name, "patients", worst, False, None, compared)
        return
    y = joined.rows["outcome"].to_numpy(dtype=np.float64)
    other = compared.clip(*KEPT_WITHIN)
    own = joined.rows["probability"].to_numpy(dtype=np.float64)
    own = own.clip(other / TIMES_LOWER, 1.0 - LEFT_FREE * (1.0 - other))
    gap = row_log_loss(y, own) - row_log_loss(y, other)
    missed, false_alarm = _COSTS
    most = joined.most_events
    largest = most * missed + (1.0 - most) * false_alarm
    ratio = _of_answers(joined, gap, np.ones(len(gap)), (-_LARGEST_GAIN, largest), _DIFFERENCES)
    yield Bound(name, "patients", worst, False, ratio)


def _at_tier(joined: Joined, tier: TierLimits) -> Iterator[Bound]:
    rows = joined.rows
    alert = rows["tier"].isin(tier.names).to_numpy(dtype=np.float64)
    right = alert * (rows["outcome"] == 1).to_numpy(dtype=np.float64)
    if tier.least_sensitivity is not None:
        found = pd.Series(right).groupby(rows["patient_id"], sort=False).max()
        events = joined.patients.loc[joined.patients["event"], "patient_id"]
        ratio = _share(found.reindex(events).to_numpy(dtype=np.float64))
        yield Bound("least_sensitivity", "event patients", tier.least_sensitivity, True, ratio)
    if tier.least_positive_predictive_value is not None:
        ratio = _of_answers(
            joined, right, alert, (0.0, joined.most_events), _SHARES, only=alert > 0
        )
        least = tier.least_positive_predictive_value
        yield Bound("least_positive_predictive_value", "alerted patients", least, True, ratio)
    if tier.most_alerts_per_100_patient_days is not None:
        yield _alerts(joined, tier)


def _alerts(joined: Joined, tier: TierLimits) -> Bound:
    """Days with an alert per 100 days with an answer, by any answer of the day."""
    limit = tier.most_alerts_per_100_patient_days or 0.0
    name, most = "most_alerts_per_100_patient_days", float(joined.longest_days)
    if not most:
        return Bound(name, "patients", limit, False, None, "the question is not asked by day")
    names = frozenset(tier.names)
    alerts = [100.0 * bool(names & tiers) for tiers in joined.days["tiers"]]
    days = pd.DataFrame({"patient_id": joined.days["patient_id"], "alerts": alerts, "days": 1.0})
    sums = days.groupby("patient_id").sum().reindex(joined.patients["patient_id"])
    ratio = Ratio(
        sums["alerts"].to_numpy() / most,
        sums["days"].to_numpy() / most,
        (0.0, 100.0),
        (0.0, 1.0),
        100.0 * _SHARES,
    )
    return Bound(name, "patients", limit, False, ratio)


def _share(values: FloatArray) -> Ratio:
    top = np.asarray(values, dtype=np.float64)
    return Ratio(top, np.ones(len(top)), (0.0, 1.0), (1.0, 1.0), _SHARES)


def _of_answers(
    joined: Joined,
    top: npt.ArrayLike,
    bottom: npt.ArrayLike,
    top_range: tuple[float, float],
    candidates: FloatArray,
    most_bottom: float = 1.0,
    *,
    only: npt.NDArray[np.bool_] | None = None,
) -> Ratio:
    """Sum `top` and `bottom` of the answers by patient, as shares of the most days there can be.

    Before infusion nobody leaves the risk set; there the share is of the patient's own answers.

    Parameters
    ----------
    top_range, most_bottom : what a patient can bring at most.
    only : patients without such an answer do not count.
    """
    rows = pd.DataFrame({"top": np.asarray(top), "bottom": np.asarray(bottom)})
    kept = joined.rows["patient_id"] if only is None else joined.rows["patient_id"][only]
    patients = joined.patients["patient_id"][joined.patients["patient_id"].isin(kept)]
    grouped = rows.groupby(joined.rows["patient_id"].to_numpy(), sort=False)
    most = joined.longest_days
    each = grouped.sum() / most if most else grouped.mean()
    each = each.reindex(patients)
    return Ratio(
        each["top"].to_numpy(), each["bottom"].to_numpy(), top_range, (0.0, most_bottom), candidates
    )

"""What each patient says of each limit: two numbers whose means make the figure.

The unit is the patient, and every patient counts once: rows of one patient are not independent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.bootstrap import FloatArray
from training.metrics import row_log_loss
from training.silent.joined import Joined
from training.silent.limits import Limits, TierLimits
from training.silent.sequential import Ratio

KEPT_WITHIN = (0.01, 0.99)
"""The log loss is read with risks kept within these: a bet needs a largest loss."""

_LARGEST_LOSS = float(np.log(KEPT_WITHIN[1] / KEPT_WITHIN[0]))
_SHARES = np.linspace(0.0, 1.0, 201)
_RATIOS = np.r_[0.0, np.geomspace(0.02, 50.0, 200)]
_DIFFERENCES = _LARGEST_LOSS * np.sinh(np.linspace(-6.0, 6.0, 241)) / np.sinh(6.0)


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
    """Mean outcome against mean risk of each patient's answers."""
    if limits.observed_to_expected is None:
        return
    means = _per_patient(joined, joined.rows[["outcome", "probability"]])
    ratio = Ratio(
        means["outcome"].to_numpy(),
        means["probability"].to_numpy(),
        (0.0, 1.0),
        (0.0, 1.0),
        _RATIOS,
    )
    low, high = limits.observed_to_expected
    yield Bound("observed_to_expected, lowest", "patients", low, True, ratio)
    yield Bound("observed_to_expected, highest", "patients", high, False, ratio)


def _log_loss(joined: Joined, limits: Limits, compared: FloatArray | str) -> Iterator[Bound]:
    """Mean log loss of each patient's answers less that of the comparator."""
    worst = limits.worst_log_loss_difference
    if worst is None:
        return
    name = "worst_log_loss_difference"
    if isinstance(compared, str):
        yield Bound(name, "patients", worst, False, None, compared)
        return
    y = joined.rows["outcome"].to_numpy(dtype=np.float64)
    own = joined.rows["probability"].to_numpy(dtype=np.float64)
    gap = row_log_loss(y, own.clip(*KEPT_WITHIN)) - row_log_loss(y, compared.clip(*KEPT_WITHIN))
    top = _per_patient(joined, pd.DataFrame({"gap": gap}))["gap"].to_numpy()
    ratio = Ratio(top, np.ones(len(top)), (-_LARGEST_LOSS, _LARGEST_LOSS), (1.0, 1.0), _DIFFERENCES)
    yield Bound(name, "patients", worst, False, ratio)


def _at_tier(joined: Joined, tier: TierLimits) -> Iterator[Bound]:
    rows = joined.rows
    alert = rows["tier"].isin(tier.names).to_numpy(dtype=np.float64)
    event = (rows["outcome"] == 1).to_numpy(dtype=np.float64)
    if tier.least_sensitivity is not None:
        of_events = pd.DataFrame({"found": np.where(event > 0, alert, np.nan)})
        found = _per_patient(joined, of_events)["found"].dropna().to_numpy()
        yield Bound(
            "least_sensitivity",
            "event patients",
            tier.least_sensitivity,
            True,
            _share(np.ceil(found)),
        )
    if tier.least_positive_predictive_value is not None:
        of_alerts = pd.DataFrame({"right": np.where(alert > 0, event, np.nan)})
        right = _per_patient(joined, of_alerts)["right"].dropna().to_numpy()
        least = tier.least_positive_predictive_value
        yield Bound(
            "least_positive_predictive_value", "alerted patients", least, True, _share(right)
        )
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


def _per_patient(joined: Joined, of_rows: pd.DataFrame) -> pd.DataFrame:
    """Return the means of each patient's rows, in the order in which patients entered."""
    means = of_rows.astype("float64").groupby(joined.rows["patient_id"], sort=False).mean()
    return means.reindex(joined.patients["patient_id"])

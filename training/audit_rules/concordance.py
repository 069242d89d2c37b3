"""How well a score tells events apart beyond what is known anyway, with an interval by patient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from features.tables import KNOWN_FAULTS
from training.audit_rules.evidence import Evidence, FloatArray
from training.audit_rules.finding import Finding, Severity, not_assessable
from training.bootstrap import PatientBootstrap, summarise
from training.metrics import stratified_auroc

REPLICATES = 300
STRICT_REPLICATES = 1000
STRICT_TAIL = 0.001  # of a bound that is read for a few hundred columns at once
WARN_ABOVE = 0.60
REFUSE_ABOVE = 0.75


@dataclass(frozen=True)
class Concordance:
    """AUROC with its 95 % interval by patient, and the lower 99.9 % bound where it is read."""

    estimate: float
    low: float
    high: float
    strict_low: float = 0.0

    def __str__(self) -> str:
        return f"{self.estimate:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True)
class Limits:
    """Lower 95 % bounds of an AUROC above which a rule warns and refuses."""

    warn: float = WARN_ABOVE
    refuse: float = REFUSE_ABOVE

    def judge(self, low: float) -> tuple[Severity, float]:
        """Return the severity of a lower bound and the limit it was held against."""
        if low > self.refuse:
            return "refuse", self.refuse
        return ("warn" if low > self.warn else "note"), self.warn


def beyond_grade_and_day(
    evidence: Evidence,
    score: FloatArray,
    keep: np.ndarray | None = None,
    replicates: int = REPLICATES,
) -> Concordance | None:
    """Return how `score` (n,) orders event rows and others of the same current grade and day.

    None where no stratum holds both, or the resampled patients never do. `keep` (n,) leaves
    other rows out.
    """
    rows = evidence.contrast if keep is None else keep & evidence.contrast
    return _concordance(
        evidence.y[rows],
        score[rows],
        evidence.strata[rows],
        evidence.patients[rows],
        evidence.seed,
        replicates,
    )


def between_patients(
    evidence: Evidence,
    score: FloatArray,
    *,
    within_sites: bool = True,
    replicates: int = REPLICATES,
) -> Concordance | None:
    """Return how `score` (patients,) orders patients with and without an event.

    Patients of one site are compared with each other, where sites hold both outcomes. A patient
    without a score (NaN) is left out.
    """
    table = evidence.patient_table
    strata = np.zeros(len(table))
    if within_sites and evidence.sites_are_mixed:
        strata = table["site"].factorize()[0].astype(np.float64)
    known = np.isfinite(score)
    event = table["event"].to_numpy(dtype=bool)[known]
    patients = np.flatnonzero(known)
    return _concordance(event, score[known], strata[known], patients, evidence.seed, replicates)


def judged(
    rule: str,
    area: Concordance | None,
    text: str,
    way_out: str,
    columns: dict[str, int] | tuple[str, ...] = (),
    limits: Limits | None = None,
    bound: float | None = None,
) -> Finding:
    """Return the finding of a score: its severity from the lower bound, columns where it matters.

    `text` holds ``{area}`` where the figure goes. Columns may come with their row counts. `bound`
    takes the place of the lower 95 % bound.
    """
    if area is None:
        return not_assessable(rule, "no grade and day holds both events and event-free rows")
    severity, threshold = (limits or Limits()).judge(area.low if bound is None else bound)
    found = severity != "note"
    return Finding(
        rule,
        severity,
        text.format(area=area),
        way_out=way_out if found else "",
        statistic=area.estimate,
        low=area.low,
        high=area.high,
        threshold=threshold,
        columns=tuple(columns) if found else (),
        row_counts=dict(columns) if found and isinstance(columns, dict) else {},
    )


def unless_known(finding: Finding, evidence: Evidence, fault: str) -> Finding:
    """Turn the refusal of a fault that the loader declares into a warning that stands for ever.

    Only what no predictor can read may be declared (see `features.tables.KNOWN_FAULTS`).
    """
    if finding.severity != "refuse" or fault not in evidence.cohort.manifest.known_faults:
        return finding
    return replace(
        finding,
        severity="warn",
        text=f"{finding.text} Its loader declares that {KNOWN_FAULTS[fault]}.",
    )


def _concordance(
    y: np.ndarray,
    score: FloatArray,
    strata: FloatArray,
    patients: np.ndarray,
    seed: int,
    replicates: int = REPLICATES,
) -> Concordance | None:
    draws = PatientBootstrap(patients, np.ones(len(y)), replicates, seed)
    measure = partial(_within, y.astype(float), score, strata)
    areas = draws.replicate({"auroc": measure})["auroc"]
    estimate = summarise(areas)
    if estimate.estimate is None or estimate.low is None or estimate.high is None:
        return None
    strict = float(np.nanquantile(areas[1:], STRICT_TAIL))
    return Concordance(estimate.estimate, estimate.low, estimate.high, strict)


def _within(
    y: FloatArray, score: FloatArray, strata: FloatArray, weights: FloatArray
) -> FloatArray:
    return stratified_auroc(y, score, weights, strata)

"""What a challenger is held against at the gate: its own figures, and the champion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.errors import CohortError, NotAssessable, PlanError
from training import registry
from training.comparators_evaluation import evaluation_of
from training.gate import Contest
from training.judging.rows import MODEL
from training.plan import Plan, plan_from_dict
from training.progress import Progress
from training.recorded_fit import cohort_of_plan
from training.references import referred
from training.registry import Version
from training.rematch import against_champion
from training.tracking_store import TrackingStore
from training.unseen import against_champion_on_unseen


@dataclass(frozen=True)
class Patients:
    """On whom challenger and champion are compared.

    Parameters
    ----------
    cohort : a cohort directory; None for the one that the challenger's plan names.
    unseen : only patients whom the champion's model has not seen, judged by that model itself;
        otherwise its plan is fitted again, on the challenger's folds.
    """

    cohort: Path | None = None
    unseen: bool = False


OWN_PATIENTS = Patients()


@dataclass(frozen=True)
class Compared:
    """Challenger minus champion, or None; how it was done, and why it was not."""

    differences: Mapping[str, Any] | None = None
    how: str = ""
    notes: tuple[str, ...] = field(default=())


def contest_of(
    store: TrackingStore,
    challenger: Version,
    champion: Version | None,
    patients: Patients,
    progress: Progress,
) -> tuple[Contest, Compared]:
    """Bring together what the rules of the gate read.

    Raises
    ------
    TrackingError
        Where the store goes away, or the run of the challenger holds no evaluation or no plan.
    """
    plan = plan_of(store, challenger)
    evaluation = evaluation_of(store, challenger)
    audit = registry.documents(store, challenger, [registry.AUDIT]).get(registry.AUDIT)
    compared = Compared()
    if champion is not None:
        compared = _compared(store, plan, challenger, champion, patients, progress)
    contest = Contest(
        evaluation=evaluation,
        synthetic=challenger.synthetic,
        audit=audit,
        champion_is_synthetic=champion.synthetic if champion else None,
        against_champion=compared.differences,
        rule=plan.evaluation,
        is_comparator=bool(challenger.comparator),
    )
    return contest, compared


def _of_correction(told: Mapping[str, Any], champion: Version) -> Compared:
    """Compare a corrected model with the champion that it corrects, before and after."""
    if told["from"] != champion.digest:
        return Compared(
            notes=(
                "No comparison with the champion: the challenger is a corrected model, and not of "
                "this champion. Correct the champion (`evaluate --recalibrate`), or fit a plan on "
                "these patients.",
            )
        )
    return Compared(
        told["difference"],
        f"the champion itself, before and after its correction on {told['cohort']['name']} "
        "(after: cross-fitted by patient)",
    )


def plan_of(store: TrackingStore, version: Version) -> Plan:
    """Return the plan that a version was fitted by."""
    return plan_from_dict(registry.document(store, version, registry.PLAN), version.name)


def _compared(
    store: TrackingStore,
    plan: Plan,
    challenger: Version,
    champion: Version,
    patients: Patients,
    progress: Progress,
) -> Compared:
    """Compare with the champion; where that cannot be done, say why."""
    told = registry.documents(store, challenger, [registry.CORRECTION]).get(registry.CORRECTION)
    if told is not None:
        return _of_correction(told, champion)
    try:
        cohort = cohort_of_plan(plan, patients.cohort)
        if patients.unseen:
            both = [
                referred(f"{version.question}/{version.number}", lambda: store)
                for version in (challenger, champion)
            ]
            done = against_champion_on_unseen(cohort, both[0], both[1], progress)
            return Compared(done.differences, done.how)
        risks = (challenger.comparator or MODEL, champion.comparator or MODEL)
        gap = against_champion(cohort, plan, plan_of(store, champion), progress, risks)
    except (CohortError, NotAssessable, PlanError) as error:
        return Compared(notes=(f"No comparison with the champion: {error}",))
    return Compared(gap, f"both plans cross-fitted on the same folds of {cohort.manifest.name}")

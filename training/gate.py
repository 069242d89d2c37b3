"""What a challenger must show before it answers anybody: one named rule per condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from training import verdict
from training.plan import EvaluationPlan
from training.subgroup_floors import fallen

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Contest:
    """A challenger and what it is held against.

    Parameters
    ----------
    evaluation : mapping
        The challenger's evaluation table (`training.evaluate.evaluation_table`).
    audit : mapping or None
        The report of the audit before its fit (`AuditReport.to_dict`); `None` where none ran.
    synthetic : bool
        Whether it was trained on made-up patients.
    champion_is_synthetic : bool or None
        The same of the champion; `None` where there is none.
    against_champion : mapping or None
        Paired differences to the champion's plan on the same rows and folds.
    rule : EvaluationPlan
        The limits.
    is_comparator : bool
        Whether the challenger is itself the best comparator of its fit, to be served in the place
        of the larger model: then no comparator is left to beat.
    """

    evaluation: Figures
    synthetic: bool
    audit: Figures | None = None
    champion_is_synthetic: bool | None = None
    against_champion: Figures | None = None
    rule: EvaluationPlan = field(default_factory=EvaluationPlan)
    is_comparator: bool = False

    @property
    def best(self) -> str | None:
        """The comparator with the lowest log loss."""
        return verdict.best_comparator(self.evaluation["comparators"])

    @property
    def gap(self) -> Figures | None:
        """Differences to the best comparator."""
        return self.evaluation["differences"][self.best] if self.best else None


def enough_patients_had_the_event(contest: Contest) -> list[str]:
    """Ask for the number of event patients that the limits name."""
    events, least = contest.evaluation["n_event_patients"], contest.rule.min_event_patients
    return [] if events >= least else [f"{events} patients had the event, {least} are asked for."]


def audit_ran_and_did_not_refuse(contest: Contest) -> list[str]:
    """Let no model pass that was fitted to patients nobody looked at for leaks."""
    if contest.audit is None:
        return ["No audit was recorded with its run: fit the plan again."]
    if contest.audit.get("verdict") == "refused":
        return ["The audit before its fit refused."]
    return []


def audit_was_not_overridden(contest: Contest) -> list[str]:
    """Let no model pass whose plan overrode a refusal of the audit."""
    findings = contest.audit["findings"] if contest.audit else ()
    return [
        f"{one['rule']} was overridden ({one['overridden']})."
        for one in findings
        if one["overridden"]
    ]


def no_subgroup_falls_through_a_floor(contest: Contest) -> list[str]:
    """Ask that no group of enough patients is served far worse than the model promises."""
    if "subgroups" not in contest.evaluation:
        return ["Its evaluation has no subgroups: fit the plan again."]
    return fallen(contest.evaluation["subgroups"], contest.rule)


def calibration_slope_interval_holds_one(contest: Contest) -> list[str]:
    """Ask that the interval of the calibration slope holds 1."""
    return verdict.slope_reasons(contest.evaluation["model"]["calibration_slope"])


def observed_to_expected_interval_holds_one(contest: Contest) -> list[str]:
    """Ask that as many patients had the event as were told, beyond chance neither more nor less."""
    return verdict.ratio_reasons(contest.evaluation["model"]["observed_to_expected"])


def log_loss_is_below_the_best_comparator(contest: Contest) -> list[str]:
    """Ask for a lower log loss, and an upper 90 % bound of the difference below the limit."""
    if contest.is_comparator:
        return []
    if contest.gap is None or contest.best is None:
        return ["There is no comparator on the same rows."]
    return verdict.loss_reasons(contest.gap["log_loss"], contest.best, contest.rule)


def same_day_auroc_is_not_below_the_best_comparator(contest: Contest) -> list[str]:
    """Ask that patients of the same day are told apart no worse."""
    if contest.is_comparator or contest.gap is None or contest.best is None:
        return []
    return verdict.same_day_reasons(contest.gap, contest.best)


def log_loss_is_below_the_champion(contest: Contest) -> list[str]:
    """Ask the same of the difference to the champion's plan, cross-fitted on the same folds."""
    if contest.champion_is_synthetic is None:
        return []
    if contest.against_champion is None:
        return ["It was not compared with the champion: name patients with --cohort."]
    return verdict.loss_reasons(contest.against_champion["log_loss"], "the champion", contest.rule)


def same_day_auroc_is_not_below_the_champion(contest: Contest) -> list[str]:
    """Ask that it tells patients of the same day apart no worse than the champion."""
    if contest.against_champion is None:
        return []
    return verdict.same_day_reasons(contest.against_champion, "the champion")


def synthetic_does_not_replace_real(contest: Contest) -> list[str]:
    """Keep a model of made-up patients from replacing one of real ones."""
    if contest.synthetic and contest.champion_is_synthetic is False:
        return ["It was trained on made-up patients and the champion on real ones."]
    return []


GateRule = Callable[[Contest], list[str]]

_RULES: tuple[GateRule, ...] = (
    enough_patients_had_the_event,
    audit_ran_and_did_not_refuse,
    audit_was_not_overridden,
    calibration_slope_interval_holds_one,
    observed_to_expected_interval_holds_one,
    no_subgroup_falls_through_a_floor,
    log_loss_is_below_the_best_comparator,
    same_day_auroc_is_not_below_the_best_comparator,
    log_loss_is_below_the_champion,
    same_day_auroc_is_not_below_the_champion,
    synthetic_does_not_replace_real,
)
GATE: dict[str, GateRule] = {rule.__name__: rule for rule in _RULES}


def refusals(contest: Contest) -> dict[str, str]:
    """Return the rules that refuse, each with its reason; empty where the challenger passes."""
    said = {name: " ".join(rule(contest)) for name, rule in GATE.items()}
    return {name: reason for name, reason in said.items() if reason}

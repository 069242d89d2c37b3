"""From challenger to champion, through the gate; who decided and why is written down for good."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from features.errors import PromotionRefused, TrackingError
from training import registry
from training.chained_record import append_entry
from training.contest import OWN_PATIENTS, Patients, contest_of
from training.gate import GATE, refusals
from training.plan import EvaluationPlan
from training.plan_reading import plain
from training.progress import Progress, unwatched
from training.registry import CHALLENGER, CHAMPION, SIMPLER, Version
from training.subgroup_floors import watched
from training.tracking_store import TrackingStore
from training.work_folder import WorkFolder

PROMOTED, REFUSED, INTERRUPTED = "promoted", "refused", "interrupted"


@dataclass(frozen=True)
class Promotion:
    """How a challenger fared: it is the champion now, unless it was refused by rules."""

    challenger: Version
    champion_before: Version | None
    refused_by: Mapping[str, str]
    overridden: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    compared: str = ""
    limits: Mapping[str, Any] = field(default_factory=dict)
    in_its_place: str = ""

    @property
    def promoted(self) -> bool:
        """Whether every refusal was overridden."""
        return set(self.refused_by) <= set(self.overridden)

    def raise_if_refused(self) -> None:
        """Raise `PromotionRefused`, naming the rules, unless the challenger is the champion now.

        Raises
        ------
        PromotionRefused
        """
        if not self.promoted:
            standing = {k: v for k, v in self.refused_by.items() if k not in self.overridden}
            lines = [f"{self.challenger.name} is not promoted:"]
            lines += [f"- {rule}: {reason}" for rule, reason in standing.items()]
            lines.append(
                "The champion, or the comparator, stays in service. Whoever answers for it can "
                "promote all the same with --override RULE; who and why are recorded."
            )
            if self.in_its_place:
                lines.append(
                    f"Its comparator {self.in_its_place} can be promoted in its place: "
                    f"promote {self.challenger.question} --simpler --who ... --why ..."
                )
            raise PromotionRefused("\n".join(lines))


def promote(
    store: TrackingStore,
    folder: WorkFolder,
    question: str,
    who: str,
    why: str,
    overrides: Sequence[str] = (),
    patients: Patients = OWN_PATIENTS,
    progress: Progress = unwatched,
    alias: str = CHALLENGER,
) -> Promotion:
    """Hold the challenger of a question against the gate and, if it passes, make it the champion.

    Parameters
    ----------
    who, why : str
        The person who decides, and the reason; recorded with the outcome, passed or not.
    overrides : sequence of str
        Rules whose refusal that person overrides.
    patients : Patients
        On whom it is compared with the champion; the challenger's own by default.
    alias : {"challenger", "simpler"}
        Whether the model is held against the gate, or the comparator that won in its last fit.

    Raises
    ------
    PromotionRefused
        Where there is no challenger, a rule to override does not exist, or who and why are empty.
        A refusal by the gate is returned, not raised.
    TrackingError
        Where the store goes away. If it went away after the decision, the record says so, and the
        same command can be given again.
    """
    _check_request(who, why, overrides)
    challenger = registry.at_alias(store, question, alias)
    if challenger is None:
        raise PromotionRefused(_nobody(store, question, alias))
    champion = registry.at_alias(store, question, CHAMPION)
    rival = champion if champion and champion.digest != challenger.digest else None
    contest, compared = contest_of(store, challenger, rival, patients, progress)
    refused = refusals(contest)
    used = tuple(rule for rule in overrides if rule in refused)
    notes = (*compared.notes, *watched(contest.evaluation.get("subgroups", {}), contest.rule))
    outcome = Promotion(
        challenger, champion, refused, used, notes, compared.how, _limits(contest.rule),
        _in_its_place(store, challenger),
    )  # fmt: skip
    append_entry(folder.gate_record, _entry(outcome, who, why))
    if outcome.promoted:
        _crown(store, folder, outcome, who, why)
    return outcome


def _nobody(store: TrackingStore, question: str, alias: str) -> str:
    known = ", ".join(registry.questions(store)) or "none"
    if alias == SIMPLER:
        return (
            f"{question} has no simpler model: its last fit did not prefer a comparator. Questions "
            f"with a model: {known}."
        )
    return f"{question} has no challenger. Questions with a model: {known}. Fit a plan first."


def _in_its_place(store: TrackingStore, challenger: Version) -> str:
    """Name the comparator that the challenger's own fit preferred to it, empty without one."""
    found = registry.at_alias(store, challenger.question, SIMPLER)
    preferred = found is not None and found.run_id == challenger.run_id
    return found.comparator if found and preferred and not challenger.comparator else ""


def _crown(
    store: TrackingStore, folder: WorkFolder, outcome: Promotion, who: str, why: str
) -> None:
    challenger = outcome.challenger
    try:
        # Before the alias moves: a champion never stands without what it was promoted in spite of.
        registry.tag(store, challenger, _tags(outcome, who, why))
        registry.point(store, CHAMPION, challenger)
        alias = SIMPLER if challenger.comparator else CHALLENGER
        registry.unpoint(store, alias, challenger.question)
    except TrackingError as error:
        append_entry(folder.gate_record, _entry(outcome, who, why) | {"what": INTERRUPTED})
        raise TrackingError(
            f"{error} {challenger.name} passed the gate, but the registry may not call it champion "
            "yet; the record says so. Give the same command again."
        ) from error


def _limits(rule: EvaluationPlan) -> dict[str, Any]:
    """Return the limits that the rules read; what was measured and against what is in the run."""
    measured = ("comparators", "bootstrap", "conventions")
    return {key: limit for key, limit in plain(rule).items() if key not in measured}


def _tags(outcome: Promotion, who: str, why: str) -> dict[str, str]:
    rules = {rule: outcome.refused_by[rule] for rule in outcome.overridden}
    said = json.dumps({"rules": rules, "who": who, "why": why}, ensure_ascii=False) if rules else ""
    return {"promoted_by": who, "promoted_because": why, registry.OVERRIDDEN: said}


def _check_request(who: str, why: str, overrides: Sequence[str]) -> None:
    if not who.strip() or not why.strip():
        raise PromotionRefused("A promotion is decided by somebody for a reason: give who and why.")
    unknown = [rule for rule in overrides if rule not in GATE]
    if unknown:
        raise PromotionRefused(
            f"No rule of the gate is called {', '.join(unknown)}. Rules: {', '.join(GATE)}."
        )


def _entry(outcome: Promotion, who: str, why: str) -> dict[str, Any]:
    before = outcome.champion_before
    return {
        "what": PROMOTED if outcome.promoted else REFUSED,
        "question": outcome.challenger.question,
        "version": outcome.challenger.number,
        "synthetic": outcome.challenger.synthetic,
        "digest": outcome.challenger.digest,
        "run": outcome.challenger.run_id,
        "champion_before": before.digest if before else None,
        "refused_by": dict(outcome.refused_by),
        "overridden": list(outcome.overridden),
        "compared": outcome.compared,
        "limits": dict(outcome.limits),
        "notes": list(outcome.notes),
        "who": who,
        "why": why,
        "when": datetime.now(UTC).isoformat(),
    }

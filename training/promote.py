"""From challenger to champion, through the gate; who decided and why is written down for good."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from features.cohort_files import read_cohort
from features.errors import CohortError, NotAssessable, PromotionRefused
from training import registry
from training.chained_record import append_entry
from training.gate import GATE, Contest, refusals
from training.plan import Plan, plan_from_dict
from training.progress import Progress, unwatched
from training.registry import CHALLENGER, CHAMPION, Version
from training.rematch import against_champion
from training.tracking_store import TrackingStore
from training.work_folder import WorkFolder

PROMOTED, REFUSED = "promoted", "refused"


@dataclass(frozen=True)
class Promotion:
    """How a challenger fared: it is the champion now, unless it was refused by rules."""

    challenger: Version
    champion_before: Version | None
    refused_by: Mapping[str, str]
    overridden: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

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
            raise PromotionRefused("\n".join(lines))


def promote(
    store: TrackingStore,
    folder: WorkFolder,
    question: str,
    who: str,
    why: str,
    overrides: Sequence[str] = (),
    cohort: Path | None = None,
    progress: Progress = unwatched,
) -> Promotion:
    """Hold the challenger of a question against the gate and, if it passes, make it the champion.

    Parameters
    ----------
    who, why : str
        The person who decides, and the reason; recorded with the outcome, passed or not.
    overrides : sequence of str
        Rules whose refusal that person overrides.
    cohort : Path, optional
        Cohort for the comparison with the champion; the challenger's own by default.

    Raises
    ------
    PromotionRefused
        Where there is no challenger, a rule to override does not exist, or who and why are empty.
        A refusal by the gate is returned, not raised.
    """
    _check_request(who, why, overrides)
    challenger = registry.at_alias(store, question, CHALLENGER)
    if challenger is None:
        raise PromotionRefused(
            f"{question} has no challenger. Questions with a model: "
            f"{', '.join(registry.questions(store)) or 'none'}. Fit a plan first."
        )
    champion = registry.at_alias(store, question, CHAMPION)
    contest, notes = _contest(store, challenger, champion, cohort, progress)
    refused = refusals(contest)
    used = tuple(rule for rule in overrides if rule in refused)
    outcome = Promotion(challenger, champion, refused, used, notes)
    append_entry(folder.gate_record, _entry(outcome, who, why))
    if outcome.promoted:
        # Before the alias moves: a champion never stands without what it was promoted in spite of.
        registry.tag(store, challenger, _tags(outcome, who, why))
        registry.point(store, CHAMPION, challenger)
        registry.unpoint(store, CHALLENGER, question)
    return outcome


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


def _contest(
    store: TrackingStore,
    challenger: Version,
    champion: Version | None,
    cohort: Path | None,
    progress: Progress,
) -> tuple[Contest, tuple[str, ...]]:
    plan = plan_of(store, challenger)
    audit = registry.document(store, challenger, registry.AUDIT)
    differences: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    if champion is not None and champion.digest != challenger.digest:
        differences, notes = _differences(store, plan, champion, cohort, progress)
    contest = Contest(
        evaluation=registry.document(store, challenger, registry.EVALUATION),
        synthetic=challenger.synthetic,
        audit_overrides={
            finding["rule"]: finding["overridden"]
            for finding in audit["findings"]
            if finding["overridden"]
        },
        champion_is_synthetic=champion.synthetic if champion else None,
        against_champion=differences,
        rule=plan.evaluation,
    )
    return contest, notes


def _differences(
    store: TrackingStore, plan: Plan, champion: Version, cohort: Path | None, progress: Progress
) -> tuple[Mapping[str, Any] | None, tuple[str, ...]]:
    """Compare with the champion's plan; where that cannot be done, say why."""
    place = cohort or (Path(plan.cohort) if plan.cohort and not plan.source else None)
    if place is None:
        return None, ("The challenger's plan names no cohort directory.",)
    try:
        tables = read_cohort(place)
        return against_champion(tables, plan, plan_of(store, champion), progress), ()
    except (CohortError, NotAssessable) as error:
        return None, (f"No comparison with the champion: {error}",)


def plan_of(store: TrackingStore, version: Version) -> Plan:
    """Return the plan that a version was fitted by."""
    return plan_from_dict(registry.document(store, version, registry.PLAN), version.name)


def _entry(outcome: Promotion, who: str, why: str) -> dict[str, Any]:
    before = outcome.champion_before
    return {
        "what": PROMOTED if outcome.promoted else REFUSED,
        "question": outcome.challenger.question,
        "version": outcome.challenger.number,
        "digest": outcome.challenger.digest,
        "champion_before": before.digest if before else None,
        "refused_by": dict(outcome.refused_by),
        "overridden": list(outcome.overridden),
        "who": who,
        "why": why,
        "when": datetime.now(UTC).isoformat(),
    }

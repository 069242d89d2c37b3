"""The whole answer: what is said around the answers to the questions."""

from collections.abc import Sequence

from serving.bedside import Bedside
from serving.bedside_replies import MonitoringPlan
from serving.monitoring_plan import Plan, height_of, level_of
from serving.notices import course_notices
from serving.panel import Panel
from serving.replies import GradeAnswer, QuestionAnswer, RiskAnswer, Tier
from serving.sentences import say
from serving.words import TOP_TIER, action, not_covered


def whole_answer(
    entry_id: str, panel: Panel, bedside: Bedside, answers: Sequence[QuestionAnswer], *,
    plan: Plan, demo: bool,
) -> RiskAnswer:  # fmt: skip
    """Return the answer to one course.

    Parameters
    ----------
    answers : sequence of QuestionAnswer
        As they may be shown: tier and monitoring are taken from them.
    plan : Plan
        The monitoring plan of the site.
    demo : bool
        Whether models fitted to synthetic courses may answer.
    """
    course, language = bedside.course, bedside.language
    watch = _watch(bedside, answers)
    return RiskAnswer.model_construct(
        ledger_id=entry_id,
        language=language,
        demonstration=demo,
        synthetic_notice=say("said.synthetic", language) if panel.synthetic else None,
        release=panel.version,
        product=course.product.name if course.product else None,
        landmark_day=course.landmark,
        watch=watch,
        monitoring=_monitoring(plan, bedside, watch),
        grades=bedside.graded.grades,
        scores=bedside.graded.scores,
        not_shown=bedside.graded.not_shown,
        answers=list(answers),
        notices=course_notices(bedside),
        not_covered=not_covered(language),
        caution=say("said.caution", language),
    )


def whole_grading(entry_id: str, bedside: Bedside) -> GradeAnswer:
    """Return grades and scores of one course."""
    course, language = bedside.course, bedside.language
    return GradeAnswer.model_construct(
        ledger_id=entry_id,
        language=language,
        product=course.product.name if course.product else None,
        landmark_day=course.landmark,
        watch=_watch(bedside, ()),
        grades=bedside.graded.grades,
        scores=bedside.graded.scores,
        not_shown=bedside.graded.not_shown,
        notices=course_notices(bedside),
        not_covered=not_covered(language),
        caution=say("said.caution", language),
    )


def _watch(bedside: Bedside, answers: Sequence[QuestionAnswer]) -> Tier | None:
    """Return the highest tier; a current grade that demands it needs no model."""
    tiers = [one.tier for one in answers if one.tier is not None]
    if tiers:
        return max(tiers, key=lambda one: height_of(one.rank, one.of))
    if not bedside.raised_by:
        return None
    words = action(1, 1, bedside.language)
    return Tier(
        name=TOP_TIER, rank=1, of=1, action=words.text, source=words.source,
        because=bedside.raised_by,
    )  # fmt: skip


def _monitoring(plan: Plan, bedside: Bedside, watch: Tier | None) -> MonitoringPlan:
    course, language = bedside.course, bedside.language
    if watch is None:
        return plan.told("lowest", say("plan.base", language), course, language)
    return plan.told(level_of(watch.rank, watch.of), watch.because, course, language)

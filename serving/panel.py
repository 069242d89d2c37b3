"""The models of one release: which questions they answer, and their answers to one course."""

from collections.abc import Mapping, Sequence
from typing import Any

import pydantic_core

from features.errors import NotAssessable
from features.questions import QUESTIONS, Question
from models.release import Release
from serving.bedside import Bedside
from serving.errors import RequestProblem
from serving.estimate import Estimator, abstention, asked_words, refusal
from serving.messages import Problem
from serving.notices import model_notices
from serving.replies import Abstention, Asked, ModelFacts, QuestionAnswer, ReleaseFacts
from serving.sentences import say

ALWAYS_ASKED = ("severe-crs-30d", "severe-crs-72h", "severe-icans-30d", "severe-icans-72h")


class Panel:
    """Asks the models of a release.

    Parameters
    ----------
    release : Release or None
        Without one every question is abstained from.
    demo : bool
        Whether models fitted to synthetic courses may answer.
    """

    def __init__(self, release: Release | None, *, demo: bool = False) -> None:
        self._demo = demo
        self._release = release
        self._estimators: Mapping[str, Estimator] = (
            {}
            if release is None
            else {
                name: Estimator(model, release.record.facts.get(name))
                for name, model in release.models.items()
            }
        )

    @property
    def version(self) -> str:
        """Digest of the release, empty without one."""
        return "" if self._release is None else self._release.digest

    @property
    def synthetic(self) -> bool:
        """Whether any of its models was fitted to synthetic courses."""
        return any(one.model.synthetic for one in self._estimators.values())

    def can_answer(self) -> bool:
        """Whether any model may answer."""
        return any(map(self._serves, self._estimators.values()))

    def answers(self, names: Sequence[str] | None, bedside: Bedside) -> list[QuestionAnswer]:
        """Answer the named questions, or all that there are.

        Raises
        ------
        RequestProblem
            Where a name is no question's.
        """
        return [self._one(one, bedside) for one in self._asked(names)]

    def predictors(self, bedside: Bedside, answers: Sequence[QuestionAnswer]) -> bytes:
        """Return what the models read for their answers, as JSON by question."""
        read = {
            one.question.name: self._estimators[one.question.name].row(bedside)[0].tolist()
            for one in answers
            if one.abstention is None
        }
        return pydantic_core.to_json(read, inf_nan_mode="null")

    def questions(self) -> list[Asked]:
        """Return the questions that can be asked by name, in words."""
        return [asked_words(one) for one in self._known().values()]

    def facts(self) -> ReleaseFacts:
        """Return what is loaded."""
        silent = say("abstention.silent_model")
        return ReleaseFacts(
            release=self.version,
            loaded=self._release is not None,
            demonstration=self._demo,
            record={} if self._release is None else _record_of(self._release),
            models=[
                ModelFacts(
                    question=asked_words(one.model.question),
                    model=one.name(),
                    serves=self._serves(one),
                    silent_because=None if self._serves(one) else silent,
                    predictors=list(one.names),
                    tiers=[] if one.model.tiers is None else one.model.tiers.to_json()["tiers"],
                    facts=dict(one.model.manifest),
                    judged=one.judged,
                )
                for one in self._estimators.values()
            ],
        )

    def _serves(self, one: Estimator) -> bool:
        return self._demo or not one.model.synthetic

    def _known(self) -> dict[str, Question]:
        own = {name: one.model.question for name, one in self._estimators.items()}
        return {**QUESTIONS, **own}

    def _asked(self, names: Sequence[str] | None) -> list[Question]:
        known = self._known()
        asked = list(self._estimators or ALWAYS_ASKED) if names is None else names
        problems = [
            Problem(
                path=f"questions[{index}]",
                problem="is no question",
                legal=", ".join(known),
                what_to_do="Name one of them, or leave questions out.",
            )
            for index, name in enumerate(asked)
            if name not in known
        ]
        if problems:
            raise RequestProblem(problems)
        return [known[name] for name in dict.fromkeys(asked)]

    def _one(self, one: Question, bedside: Bedside) -> QuestionAnswer:
        estimator, language = self._estimators.get(one.name), bedside.language
        if estimator is None:
            why = "no_release" if self._release is None else "no_model"
            return _abstained(one, bedside, abstention(why, language))
        objection = (
            refusal(bedside.course, one, language)
            if self._serves(estimator)
            else abstention("silent_model", language)
        )
        if objection is not None:
            return _abstained(one, bedside, objection, estimator)
        try:
            return estimator.answer(bedside)
        except NotAssessable as reason:
            found = abstention("not_assessable", language, detail=str(reason))
            return _abstained(one, bedside, found, estimator)


def _abstained(
    one: Question, bedside: Bedside, why: Abstention, estimator: Estimator | None = None
) -> QuestionAnswer:
    course, language = bedside.course, bedside.language
    return QuestionAnswer(
        question=asked_words(one, course.landmark, course.resolution, language),
        abstention=why,
        notices=[] if estimator is None else list(model_notices(estimator, language)),
        model=None if estimator is None else estimator.name(),
    )


def _record_of(release: Release) -> dict[str, Any]:
    one = release.record
    return {"who": one.who, "why": one.why, "when": one.when, "previous": one.previous}

"""The models of one release: which questions they answer, and their answers to one course."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import pydantic_core

from features.errors import NotAssessable
from features.questions import QUESTIONS, Question
from models.release import Release
from serving.bedside import Bedside
from serving.errors import RequestProblem
from serving.estimate import Estimator, abstention, asked_words, refusal
from serving.limits_status import limits_of
from serving.messages import Problem
from serving.notices import model_notices
from serving.replies import Abstention, Asked, Decided, ModelFacts, QuestionAnswer, ReleaseFacts
from serving.sentences import say
from serving.standing import Standing

ALWAYS_ASKED = ("severe-crs-30d", "severe-crs-72h", "severe-icans-30d", "severe-icans-72h")


class Panel:
    """Asks the models of a release.

    Parameters
    ----------
    release : Release or None
        Without one every question is abstained from.
    standing : Standing
        Which models are live.
    demo : bool
        Whether models fitted to synthetic courses may answer.
    """

    def __init__(self, release: Release | None, standing: Standing, *, demo: bool = False) -> None:
        self._demo = demo
        self._standing = standing
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

    @property
    def estimators(self) -> Mapping[str, Estimator]:
        """The models by the name of their question."""
        return self._estimators

    def answers(self, names: Sequence[str] | None, bedside: Bedside) -> list[QuestionAnswer]:
        """Answer the named questions, or all that there are.

        Raises
        ------
        RequestProblem
            Where a name is no question's.
        """
        return [self._one(one, bedside) for one in self.asked(names)]

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

    def facts(self, limits: Path | None = None, refused: str | None = None) -> ReleaseFacts:
        """Return what is loaded.

        Parameters
        ----------
        limits : Path, optional
            Where the reports on the limits lie.
        refused : str, optional
            Why a newer release is not loaded.
        """
        return ReleaseFacts(
            release=self.version,
            loaded=self._release is not None,
            demonstration=self._demo,
            refused=refused,
            record={} if self._release is None else _record_of(self._release),
            models=[self._model_facts(one, limits) for one in self._estimators.values()],
        )

    def standing_of(self, one: Estimator) -> Literal["live", "silent", "demonstration"]:
        """Return how a model stands."""
        if one.model.synthetic:
            return "demonstration"
        return "live" if self._standing.is_live(one.model.digest) else "silent"

    def may_answer(self, one: Estimator) -> bool:
        """Whether a model is asked at all; a silent one is, and its answer recorded."""
        return self._demo or not one.model.synthetic

    def model_to_decide(self, question: str, meant: str | None) -> str:
        """Return the digest of the model of a question, that a person turns on or off.

        Raises
        ------
        RequestProblem
            Where the question has no model here, or one of made-up patients, or another one than
            was `meant`.
        """
        found = self._estimators.get(question)
        if found is None:
            legal = ", ".join(self._estimators) or "none, no release is loaded"
            raise _undecidable("question", "has no model here", legal, "Name one of them.")
        if found.model.synthetic:
            raise _undecidable(
                "question", "has a model of synthetic courses", "a model of real courses",
                "Synthetic models answer in demonstration mode only, marked.",
            )  # fmt: skip
        if meant not in (None, found.model.digest):
            raise _undecidable(
                "model", "is not the model that is loaded", found.model.digest,
                "Look at GET /v1/model again before you decide.",
            )  # fmt: skip
        return found.model.digest

    def _model_facts(self, one: Estimator, limits: Path | None) -> ModelFacts:
        standing, decided = self.standing_of(one), self._standing.of(one.model.digest)
        serves = standing == "live" or (standing == "demonstration" and self._demo)
        why = "silent" if standing == "silent" else "silent_model"
        return ModelFacts(
            question=asked_words(one.model.question),
            model=one.name(),
            standing=standing,
            serves=serves,
            silent_because=None if serves else say(f"abstention.{why}"),
            decided=None if decided is None else Decided(**asdict(decided)),
            limits=limits_of(limits, one.model.digest),
            predictors=list(one.names),
            tiers=[] if one.model.tiers is None else one.model.tiers.to_json()["tiers"],
            facts=dict(one.model.manifest),
            judged=one.judged,
        )

    def _known(self) -> dict[str, Question]:
        own = {name: one.model.question for name, one in self._estimators.items()}
        return {**QUESTIONS, **own}

    def asked(self, names: Sequence[str] | None) -> list[Question]:
        """Return the named questions, or all that there are; raises as :meth:`answers` does."""
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

    def objection(self, one: Question, bedside: Bedside) -> Abstention | None:
        """Return why a question is not answered for this course, ``None`` when a model may."""
        estimator, language = self._estimators.get(one.name), bedside.language
        if estimator is None:
            return abstention("no_release" if self._release is None else "no_model", language)
        if not self.may_answer(estimator):
            return abstention("silent_model", language)
        return refusal(bedside.course, one, language)

    def _one(self, one: Question, bedside: Bedside) -> QuestionAnswer:
        estimator, found = self._estimators.get(one.name), self.objection(one, bedside)
        if estimator is None or found is not None:
            made = _abstained(one, bedside, found, estimator)
        else:
            try:
                made = estimator.answer(bedside)
            except NotAssessable as reason:
                found = abstention("not_assessable", bedside.language, detail=str(reason))
                made = _abstained(one, bedside, found, estimator)
        if estimator is not None and self.standing_of(estimator) == "silent":
            return made.model_copy(update={"silent": True})
        return made


def _undecidable(path: str, problem: str, legal: str, what_to_do: str) -> RequestProblem:
    return RequestProblem([Problem(path=path, problem=problem, legal=legal, what_to_do=what_to_do)])


def _abstained(
    one: Question, bedside: Bedside, why: Abstention | None, estimator: Estimator | None = None
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

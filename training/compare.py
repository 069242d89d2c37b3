"""Runs held against each other, paired: better, worse, or cannot tell.

The first run that is named is the reference; each other one is held against it.

The rule. Of every figure the difference (other run minus reference) is taken draw by draw: the same
patients were drawn for both. A figure is *better* if the whole interval of its difference lies on
the good side of 0 (below it for log loss and Brier, above it for the rest), *worse* if it lies on
the other side, and *cannot tell* otherwise. A run is *better* if log loss or same-day AUROC (AUROC
where a question has one landmark) is better and the other of the two is not worse, *worse* the
other way round, and *cannot tell* otherwise. With k runs held against the reference, every interval
is a 100 (1 - 0.05 / k) % one, so that of one figure all k together are wrong in at most one of
twenty (Bonferroni); that there are two deciding figures is not corrected for.

The intervals are those of drawing other patients like these; what another draw of folds, or a refit
on other patients, would change is not in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from features.cohort_files import fingerprint
from features.errors import NotAssessable
from training import registry
from training.bootstrap import summarise
from training.judging.headline import DIFFERENCES, Draws, estimates
from training.judging.rows import MODEL
from training.paired_draws import MUST_AGREE, PairedDraws, paired_draws_from_json
from training.plan import Plan
from training.progress import Progress, unwatched
from training.recorded_fit import cohort_of_plan
from training.references import OpenStore, Referred, referred
from training.rematch import judged_on_same_folds
from training.synthetic_mark import mark
from training.tracking import flattened
from training.unseen import plan_of

BETTER, WORSE, CANNOT_TELL = "better", "worse", "cannot tell"
LOWER_IS_BETTER = ("log_loss", "brier")
COUNTS = ("n_rows", "n_patients", "n_event_rows", "n_event_patients")
MOST_RUNS = 10
ERROR = 0.05
FEWEST_IN_A_TAIL = 5  # draws beyond each end of an interval, below which its ends are rough
SAID = ("question", "cohort", "end_of_record")  # keys whose difference is shown, not only named
UNSAID_SETTINGS = ("plan.cohort", "plan.name")  # a path, and what the run is called anyway


def compare(
    references: Sequence[str],
    store: OpenStore,
    *,
    refit: bool = False,
    cohort: Path | None = None,
    progress: Progress = unwatched,
) -> dict[str, Any]:
    """Hold runs against the first of them and return the result as plain data; never a row.

    Parameters
    ----------
    references : run ids, QUESTION@ALIAS, QUESTION/NUMBER or risk-model directories.
    store : opens the tracking store.
    refit : cross-fit every plan again on the folds of the first, instead of pairing what was kept.
    cohort : with `refit`, the patients; those of the first plan by default.

    Raises
    ------
    NotAssessable
        Where there are fewer than two runs or more than MOST_RUNS, two are the same model, they ask
        different questions, or they are not on the same rows, folds and draws.
    TrackingError, ModelFormatError
        As :func:`training.references.referred`.
    """
    _check_number(references)
    if cohort is not None and not refit:
        raise NotAssessable("--cohort names the patients of a --refit; without it there is none.")
    subjects = [referred(said, store) for said in references]
    _check_comparable(subjects)
    if refit:
        return _table(subjects, *_refitted(subjects, cohort, progress), refit=True)
    draws, how = _kept(subjects)
    evaluation = subjects[0].documents.get(registry.EVALUATION, {})
    judged = {name: evaluation.get(name) for name in COUNTS}
    known = evaluation.get("cohort", {})
    judged |= {"cohort": known.get("name"), "synthetic": bool(known.get("synthetic"))}
    return _table(subjects, draws, how, judged, refit=False)


def reading(figure: str, low: float | None, high: float | None) -> str:
    """Return what the interval of a difference says of a figure."""
    if low is None or high is None:
        return CANNOT_TELL
    sign = -1.0 if figure in LOWER_IS_BETTER else 1.0
    ends = sorted((sign * low, sign * high))
    if ends[0] > 0:
        return BETTER
    return WORSE if ends[1] < 0 else CANNOT_TELL


def overall(figures: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """Return what log loss and same-day AUROC say together, and why."""
    ranks = "same_day_auroc" if "same_day_auroc" in figures else "auroc"
    two = {name: str(figures[name]["reading"]) for name in ("log_loss", ranks) if name in figures}
    said = ", ".join(f"{name.replace('_', ' ')}: {word}" for name, word in two.items())
    if BETTER in two.values() and WORSE not in two.values():
        return BETTER, said
    if WORSE in two.values() and BETTER not in two.values():
        return WORSE, said
    return CANNOT_TELL, said


def _check_number(references: Sequence[str]) -> None:
    if not 2 <= len(references) <= MOST_RUNS:
        raise NotAssessable(
            f"{len(references)} given. Name two to {MOST_RUNS} runs, models or aliases; the first "
            "is what the others are held against."
        )


def _check_comparable(subjects: Sequence[Referred]) -> None:
    first = subjects[0]
    seen: dict[str, str] = {}
    for subject in subjects:
        if subject.model.digest in seen:
            raise NotAssessable(
                f"{seen[subject.model.digest]} and {subject.said} are the same model "
                f"({subject.model.digest[:16]})."
            )
        seen[subject.model.digest] = subject.said
        if "comparator" in subject.model.manifest:
            raise NotAssessable(
                f"{subject.said} is the comparator {subject.model.manifest['comparator']} as a "
                "model: what lies beside it is of the model it was fitted with, where its own "
                "paired difference stands already (`evaluate --model`)."
            )
        own, other = first.model.question, subject.model.question
        if own.to_dict() != other.to_dict():
            how = "" if own.name != other.name else ", defined differently"
            raise NotAssessable(
                f"{first.said} and {subject.said} answer different questions ({own.name} and "
                f"{other.name}{how}): a difference between them means nothing."
            )


def _kept(subjects: Sequence[Referred]) -> tuple[list[Draws], str]:
    kept = [_draws_of(subject) for subject in subjects]
    for subject, other in zip(subjects[1:], kept[1:], strict=True):
        apart = [
            _apart(name, kept[0], other) for name in MUST_AGREE if _differ(name, kept[0], other)
        ]
        if apart:
            raise NotAssessable(
                f"{subjects[0].said} and {subject.said} cannot be paired. They differ in "
                f"{'; '.join(apart)}. --refit cross-fits every plan on the folds of the first."
            )
    fewest = min(len(draws) for one in kept for draws in one.figures.values())
    same = [{name: draws[:fewest] for name, draws in one.figures.items()} for one in kept]
    return same, "out-of-fold figures that the runs kept, on the same rows, folds and draws"


def _draws_of(subject: Referred) -> PairedDraws:
    if registry.DRAWS not in subject.documents:
        raise NotAssessable(
            f"No {registry.DRAWS} lies beside {subject.said}: it was fitted before they were kept, "
            "or was corrected since. --refit cross-fits every plan on the same folds."
        )
    return paired_draws_from_json(subject.documents[registry.DRAWS], subject.said)


def _differ(name: str, one: PairedDraws, other: PairedDraws) -> bool:
    return one.key[name] != other.key[name]


def _apart(name: str, one: PairedDraws, other: PairedDraws) -> str:
    shown = f" ({one.key[name]}, {other.key[name]})" if name in SAID else ""
    return MUST_AGREE[name] + shown


def _refitted(
    subjects: Sequence[Referred], instead: Path | None, progress: Progress
) -> tuple[list[Draws], str, dict[str, Any]]:
    plans = [plan_of(subject) for subject in subjects]
    cohort = cohort_of_plan(plans[0], instead)
    done = judged_on_same_folds(cohort, plans, progress)
    how = (
        f"every plan cross-fitted again on the folds of the first, on "
        f"{mark(cohort.manifest.synthetic)}{cohort.manifest.name} "
        f"({fingerprint(cohort)[:12]})"
    )
    manifest = cohort.manifest
    judged = {
        **done[0].rows.counts, "cohort": manifest.name, "synthetic": manifest.synthetic,
    }  # fmt: skip
    return [one.draws[MODEL] for one in done], how, judged


def _table(
    subjects: Sequence[Referred],
    draws: Sequence[Draws],
    how: str,
    judged: Mapping[str, Any],
    *,
    refit: bool,
) -> dict[str, Any]:
    pairs = len(subjects) - 1
    level = 1 - ERROR / pairs
    n_draws = len(next(iter(draws[0].values()))) - 1
    plans = [plan_of(subject) for subject in subjects]
    return {
        "question": subjects[0].model.question.to_dict(),
        "synthetic": bool(judged["synthetic"])
        or any(subject.model.synthetic for subject in subjects),
        "how": how,
        "judged": dict(judged),
        "refit": refit,
        "level": level,
        "n_draws": n_draws,
        "n_comparisons": pairs,
        "runs": [
            _run(subject, estimates(own) if refit else None)
            for subject, own in zip(subjects, draws, strict=True)
        ],
        "comparisons": [
            _against(subjects[0], subject, draws[0], own, level)
            for subject, own in zip(subjects[1:], draws[1:], strict=True)
        ],
        "settings_apart": _settings_apart(plans),
        "notes": _notes(n_draws, level, pairs),
    }


def _run(subject: Referred, refitted: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a run says of itself; figures of a refit stand in place of its own."""
    table = subject.documents.get(registry.EVALUATION, {})
    audit = subject.documents.get(registry.AUDIT)
    return {
        "said": subject.said,
        "name": subject.called,
        "digest": subject.model.digest,
        "run": subject.version.run_id if subject.version else None,
        "synthetic": subject.model.synthetic,
        "plan": plan_of(subject).name,
        "plan_digest": plan_of(subject).digest(),
        "cohort": table.get("cohort", {}).get("name"),
        **{name: table.get(name) for name in (*COUNTS, "models_tried")},
        "learnt_from": {
            name: subject.model.manifest[name] for name in COUNTS if name in subject.model.manifest
        },
        "figures": dict(refitted if refitted is not None else table.get("model", {})),
        "best_comparator": _best(table),
        "left_out": dict(table.get("left_out", {})),
        "verdict": table.get("verdict", {}).get("text"),
        "audit": audit["verdict"] if audit else None,
    }


def _best(table: Mapping[str, Any]) -> dict[str, Any] | None:
    name = table.get("verdict", {}).get("best_comparator")
    return {"name": name, "figures": table["comparators"][name]} if name else None


def _against(
    first: Referred, other: Referred, base: Draws, own: Draws, level: float
) -> dict[str, Any]:
    figures = {}
    for name in DIFFERENCES:
        if name in base and name in own:
            gap = summarise(np.asarray(own[name]) - np.asarray(base[name]), level)
            figures[name] = {**gap.to_dict(), "reading": reading(name, gap.low, gap.high)}
    said, because = overall(figures)
    return {
        "run": other.said, "against": first.said, "reading": said, "because": because,
        "figures": figures,
    }  # fmt: skip


def _settings_apart(plans: Sequence[Plan]) -> dict[str, list[str]]:
    """Return the settings in which plans differ, and how each has them."""
    flat = [{key: str(setting) for key, setting in flattened(plan.to_dict())} for plan in plans]
    names = sorted(set().union(*flat) - set(UNSAID_SETTINGS))
    each = {name: [one.get(name, "not set") for one in flat] for name in names}
    return {name: settings for name, settings in each.items() if len(set(settings)) > 1}


def _notes(n_draws: int, level: float, pairs: int) -> list[str]:
    notes = []
    if pairs > 1:
        notes.append(
            f"{pairs} runs are held against the first: every interval is a {100 * level:.4g} % "
            "one, so that of one figure all together are wrong in at most one of twenty."
        )
    if n_draws * (1 - level) / 2 < FEWEST_IN_A_TAIL:
        notes.append(
            f"{n_draws} draws of patients are few for a {level:.1%} interval: it is rough."
        )
    return notes

"""What a run keeps so that it can be paired with another run: draws of its figures.

Two runs are paired if their figures were computed under the same draws of the same patients on the
same rows and folds; then the difference of draw b of one and draw b of the other is a draw of the
difference. Kept are numbers per figure, one per draw; no row and no patient.

A figure under a draw is a weighted mean over patients. Whoever knew the draws of a thousand figures
could solve for the patients, and rounding does not prevent it. So these draws are not those of the
plan's seed: they come from a key that stays in the work folder of the site and is in no run. Draws
under weights that nobody knows say no more than their distribution, which is the interval. Runs of
another work folder have another key and are paired by fitting again (`compare --refit`).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.errors import ModelFormatError
from training.crossfit import CrossFit
from training.judging import headline as heads
from training.judging.headline import Draws
from training.judging.rows import MODEL
from training.plan import Plan
from training.task import Task

FORMAT = 1
DECIMALS = 6
KEY_BYTES = 32
MUST_AGREE = {
    "question": "the question",
    "cohort": "the cohort",
    "fingerprint": "the patients of the cohort (its fingerprint)",
    "end_of_record": "what the end of a record means",
    "rows": "the rows that are judged",
    "folds": "the folds",
    "draws": "the draws of patients (another work folder has others)",
}


@dataclass(frozen=True, eq=False)
class PairedDraws:
    """Draws of the figures of one run, and what they are draws of.

    Parameters
    ----------
    key : what must agree with another run, by the names of MUST_AGREE.
    figures : figure -> (1 + draws,), the cohort itself first; NaN where not defined.
    """

    key: Mapping[str, str]
    figures: Draws

    def to_json(self) -> dict[str, Any]:
        """Return plain data, rounded; None for what is not defined."""
        figures = {
            name: [round(float(x), DECIMALS) if np.isfinite(x) else None for x in draws]
            for name, draws in self.figures.items()
        }
        return {"format_version": FORMAT, "key": dict(self.key), "figures": figures}


def paired_draws_from_json(saved: Any, said: str) -> PairedDraws:
    """Read what :meth:`PairedDraws.to_json` wrote; `said` is what to call it in a message.

    Raises
    ------
    ModelFormatError
        Where it is incomplete, edited, or of a newer format.
    """
    try:
        if saved["format_version"] != FORMAT:
            raise ModelFormatError(f"{said}: the draws are of a newer format. Update VigiCell.")
        key = {name: str(saved["key"][name]) for name in MUST_AGREE}
        figures = {
            str(name): np.array([np.nan if x is None else float(x) for x in draws])
            for name, draws in saved["figures"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as broken:
        raise ModelFormatError(
            f"{said}: the draws are incomplete or were edited ({type(broken).__name__}). Fit the "
            "plan again."
        ) from None
    if len({len(draws) for draws in figures.values()}) != 1:
        raise ModelFormatError(f"{said}: the draws are of different lengths. Fit the plan again.")
    return PairedDraws(key, figures)


def paired_draws(task: Task, plan: Plan, cross: CrossFit, secret: bytes) -> PairedDraws:
    """Draw the patients of a cross-fit by the key of the site.

    Parameters
    ----------
    secret : of :func:`pairing_key`.
    """
    rows = _digest(secret, _row_text(task))
    seed = int(_digest(secret, f"draws of {rows}")[:16], 16)
    daily = not task.question.before_infusion
    own = {MODEL: cross.risks[MODEL]}
    judged = heads.judge(task.judged, own, plan.evaluation.bootstrap, seed, daily=daily)
    facts = task.facts
    key = {
        "question": task.question.name,
        "cohort": facts.name,
        "fingerprint": facts.fingerprint,
        "end_of_record": facts.end_of_record,
        "rows": rows[:32],
        "folds": _digest(secret, _fold_text(cross))[:32],
        "draws": _digest(secret, f"seed {seed}")[:32],
    }
    return PairedDraws(key, judged.draws[MODEL])


def pairing_key(place: Path) -> bytes:
    """Return the key of a work folder, made when it is first asked for; only its owner reads it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _kept_key(place)
    made = secrets.token_bytes(KEY_BYTES)
    with os.fdopen(file, "wb") as fresh:
        fresh.write(made)
    return made


def _kept_key(place: Path) -> bytes:
    kept = place.read_bytes()
    if len(kept) != KEY_BYTES:
        raise ModelFormatError(
            f"{place} holds {len(kept)} bytes, not {KEY_BYTES}: it was edited or is half written. "
            "Restore it, or delete it: runs from then on are paired among themselves."
        )
    return kept


def _row_text(task: Task) -> str:
    labels = task.labels[["course_id", "instant", "outcome", "weight"]]
    table: str = labels.to_csv(index=False)
    question = sorted(task.question.to_dict().items())
    return f"{question}{table}{task.rows.patients.tolist()}"


def _fold_text(cross: CrossFit) -> str:
    return ";".join(f"{fold.name}:{fold.held_out.tolist()}" for fold in cross.folds)


def _digest(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()

"""Gather the evidence of what a person named: a run, a registered version, or a model directory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from features.errors import CardError
from models.risk_model import RiskModel
from training import registry
from training.aggregate import refuse_too_small, shareable, shareable_transport
from training.cards.evidence import Evidence
from training.cards.statements import Statements
from training.comparators_evaluation import checked_evaluation
from training.references import OpenStore, Referred, referred


def gather(
    reference: str, store: OpenStore, statements: Statements, elsewhere: Sequence[Path] = ()
) -> Evidence:
    """Return the evidence of a model that a reference names.

    Parameters
    ----------
    reference : directory, run id, QUESTION@ALIAS or QUESTION/NUMBER.
    store : opens the tracking store; only called where the reference is no directory.
    statements : what a person said.
    elsewhere : what `evaluate --json` found of this model on other patients, and `transport
        --json` of its plan.

    Raises
    ------
    CardError
        Where no evaluation lies beside the model, or one is not of this model.
    NotAssessable
        Where it was judged on so few patients, made-up ones apart, that nothing may be told.
    ModelFormatError, TrackingError
        As :func:`training.references.referred`.
    """
    found = referred(reference, store)
    documents = found.documents
    if registry.EVALUATION not in documents:
        raise CardError(
            f"No {registry.EVALUATION} lies beside {reference}, and a card says how a model was "
            "judged. `fit` leaves one there; fit the plan again, or name the run."
        )
    evaluation = checked_evaluation(documents[registry.EVALUATION])
    if not found.model.synthetic:
        refuse_too_small(evaluation, "card")
    others = [_of_others(path, found.model) for path in elsewhere]
    return Evidence(
        subject=reference,
        model=found.model,
        evaluation=evaluation,
        settings=documents.get(registry.PLAN),
        audit=documents.get(registry.AUDIT),
        version=found.version,
        overridden=_overridden(found, store),
        statements=statements,
        elsewhere=tuple(shareable(one) for one in others if not _is_transport(one)),
        transports=tuple(shareable_transport(one) for one in others if _is_transport(one)),
    )


def _overridden(found: Referred, store: OpenStore) -> Mapping[str, Any] | None:
    return registry.overridden(store(), found.version) if found.version else None


def _of_others(path: Path, model: RiskModel) -> Mapping[str, Any]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except OSError as failure:
        raise CardError(f"{path} cannot be read ({failure.strerror}).") from None
    except ValueError:
        raise CardError(f"{path} is no JSON. Write it again with `evaluate --json`.") from None
    if _is_transport(loaded):
        return _of_this_cohort(loaded, path, model)
    table = checked_evaluation(loaded, str(path))
    if table.get("evaluated", {}).get("digest") != model.digest:
        raise CardError(
            f"{path} is not an evaluation of this model ({model.digest[:16]}) on other patients. "
            "Write one with `evaluate --model ... --cohort ... --json FILE`."
        )
    return table


def _is_transport(table: Any) -> bool:
    return isinstance(table, dict) and {"by", "groups", "pooled"} <= set(table)


def _of_this_cohort(table: Mapping[str, Any], path: Path, model: RiskModel) -> Mapping[str, Any]:
    same_patients = table["cohort"]["fingerprint"] == model.manifest.get("fingerprint")
    if not same_patients or table["question"] != model.question.to_dict():
        raise CardError(
            f"{path} is of another cohort or question than this model. Write one from its own "
            "plan and cohort with `transport --json FILE`."
        )
    return table

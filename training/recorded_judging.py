"""What `evaluate` and `transport` found, as a run in MLflow beside the fits of the same plan.

A run of its own, in the experiment of the plan, with the names of figures and pictures that a fit
has, so that both stand in one table of MLflow's pages. It holds what may be shared
(:mod:`training.aggregate`): no fingerprint but the tag, no row, no number of a small group. It is
written last: whatever the store does, the result was printed and its files lie where they were
asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from features.errors import NotAssessable
from training import registry
from training.aggregate import shareable, shareable_correction, shareable_transport
from training.code_version import code_version
from training.elsewhere import Elsewhere
from training.figures import Caption
from training.fit import flat_metrics, with_bounds
from training.judged_figures import drawn_beside, judged_figures
from training.judging import pictures
from training.judging.rows import MODEL
from training.plan import Plan
from training.recorded_fit import RISK_MODEL
from training.references import Referred
from training.registry import Version
from training.run_description import NOTE
from training.run_figures import caption_of
from training.synthetic_mark import mark
from training.tracking import MlflowTracker
from training.tracking_store import TrackingStore

EVALUATION, RECALIBRATION, TRANSPORT = "evaluation", "recalibration", "transport"
COUNTS = ("n_rows", "n_patients", "n_event_rows", "n_event_patients")


@dataclass(frozen=True, eq=False)
class Judging:
    """What was found, and of what.

    Parameters
    ----------
    kind : {"evaluation", "recalibration", "transport"}
    table : the result as plain data.
    of : plan, model and run it is of: name of the experiment, and tags.
    whole : rows, risks and evaluation, where the result has such; of a correction those after it.
    directory : where the corrected model lies with its documents; it is registered.
    """

    kind: str
    table: Mapping[str, Any]
    of: Mapping[str, str]
    whole: Elsewhere | None = None
    directory: Path | None = None


@dataclass(frozen=True)
class Recorded:
    """A run, and the version that it registered, if any."""

    run_id: str
    version: Version | None = None


def of_model(subject: Referred) -> dict[str, str]:
    """Return which plan, model and run a judgement of a finished model is of."""
    saved = subject.documents.get(registry.PLAN) or subject.model.manifest.get("plan") or {}
    version = subject.version
    return {
        "plan": str(saved.get("plan", {}).get("name") or subject.model.name),
        "of_model": subject.called,
        "model_digest": subject.model.digest,
        **({"of_run": version.run_id} if version else {}),
    }


def of_plan(plan: Plan) -> dict[str, str]:
    """Return which plan a judgement of a plan is of."""
    return {"plan": plan.name, "plan_digest": plan.digest()}


def record(judging: Judging, store: TrackingStore) -> Recorded:
    """Write a run of what was found; a corrected model becomes challenger of its question.

    Raises
    ------
    TrackingError
        Where the store does not take it; what was found is not touched by that.
    """
    table, of = judging.table, judging.of
    name = f"{judging.kind}: {mark(table['cohort']['synthetic'])}{table['cohort']['name']}"
    tracker = MlflowTracker(store, of["plan"], name, _tags(judging))
    try:
        documents = _documents(judging)
    except NotAssessable as reason:  # so few patients that any figure could be a single one's
        tracker.tags({NOTE: f"{name}. {reason}", "held_back": str(reason)})
        documents = {}
    if documents:
        tracker.tags({NOTE: _note(name, documents[f"{judging.kind}.json"])})
        tracker.metrics(_metrics(judging, documents))
        for place, figure in _pictures(judging, documents):
            tracker.figure(place, figure)
    for place, content in documents.items():
        tracker.document(place, content)
    if tracker.lost is not None:
        raise tracker.lost
    version = None
    if documents and judging.directory is not None:
        version = registry.register(tracker, judging.directory / RISK_MODEL)
    tracker.end()
    return Recorded(tracker.run_id, version)


def _tags(judging: Judging) -> dict[str, str]:
    table = judging.table
    said = table.get("verdict", {})
    return {
        "kind": judging.kind,
        "question": str(table["question"]["name"]),
        "cohort": str(table["cohort"]["name"]),
        "cohort_fingerprint": str(table["cohort"]["fingerprint"]),
        "synthetic": str(bool(table["cohort"]["synthetic"])).lower(),
        "code_version": code_version(),
        **{key: text for key, text in judging.of.items() if key != "plan"},
        **({"verdict": str(said["text"]), "decision": str(said["decision"])} if said else {}),
    }


def _documents(judging: Judging) -> dict[str, dict[str, Any]]:
    """Return what the run holds, by file name.

    Raises
    ------
    NotAssessable
        Where the cohort is too small to be told about.
    """
    share = {
        EVALUATION: shareable, RECALIBRATION: shareable_correction, TRANSPORT: shareable_transport,
    }[judging.kind]  # fmt: skip
    found = {f"{judging.kind}.json": share(judging.table)}
    if judging.whole is not None:
        found[registry.EVALUATION] = shareable(judging.whole.table)
    if judging.directory is not None:
        for name in (registry.PLAN, registry.COMPARATORS, registry.AUDIT):
            if (judging.directory / name).is_file():
                found[name] = json.loads((judging.directory / name).read_text(encoding="utf-8"))
    return found


def _note(name: str, shared: Mapping[str, Any]) -> str:
    said = shared.get("verdict", {}).get("text") or shared.get("because") or ""
    return f"**{name}**, {shared['question']['name']}. {said}".strip()


def _metrics(judging: Judging, documents: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return figures by the names they have in the run of a fit."""
    shared = documents[f"{judging.kind}.json"]
    if judging.kind == TRANSPORT:
        return _of_groups(shared)
    found = {} if judging.whole is None else flat_metrics(judging.whole.table)
    return found | (_of_correction(shared) if judging.kind == RECALIBRATION else {})


def _of_groups(shared: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of all groups together as a fit's, those of a group below its name."""
    pooled = shared["pooled"]
    found = _counted(pooled) | with_bounds("", pooled["model"])
    for group in shared["groups"]:
        prefix = f"{shared['by']}.{_plain(str(group['group']))}."
        found |= {f"{prefix}{key}": number for key, number in _counted(group).items()}
        found |= with_bounds(prefix, group["model"])
    for name, figures in pooled["comparators"].items():
        found |= with_bounds(f"{name}.", figures)
    for name, figures in pooled["differences"].items():
        found |= with_bounds(f"difference.{name}.", figures)
    return found


def _of_correction(shared: Mapping[str, Any]) -> dict[str, float]:
    """Return the corrected figures as the model's, those before it as of a comparator."""
    found = _counted(shared) | with_bounds("before.", shared["before"])
    if "after" in shared:
        found |= with_bounds("", shared["after"])
        found |= with_bounds("difference.before.", shared["difference"])
    return found


def _counted(table: Mapping[str, Any]) -> dict[str, float]:
    told = {f"{name}_judged": table.get(name) for name in COUNTS}
    return {name: float(number) for name, number in told.items() if number is not None}


def _plain(name: str) -> str:
    """Return a group's name in the letters that MLflow takes in the name of a metric."""
    return "".join(one if one.isalnum() or one in "_-. " else "_" for one in name)


def _pictures(
    judging: Judging, documents: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, Figure]]:
    """Yield the pictures of an evaluation under the names that a fit gives them; else the groups'.

    What a group's picture shows is what its document holds.
    """
    if judging.kind == TRANSPORT:
        shared = documents[f"{TRANSPORT}.json"]
        cohort, pooled = shared["cohort"], shared["pooled"]
        rows, events = pooled["n_rows"], pooled["n_event_rows"]
        caption = Caption(str(cohort["name"]), rows, events, bool(cohort["synthetic"]))
        yield "groups", pictures.groups_figure(shared, caption)
    if judging.whole is None:
        return
    judged, table = judging.whole.judged, judging.whole.table
    rows = judged.rows
    caption = caption_of(table["cohort"], rows)
    risks = {name: judged.risks[name].mean(axis=0) for name in (MODEL, *drawn_beside(table))}
    yield from judged_figures(rows.y, rows.weight, risks, table, caption)
    if table.get("instability"):
        yield "instability", pictures.instability_figure(table["instability"], caption)

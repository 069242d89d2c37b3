"""Back to the release before: registry, chain of releases and BentoML store go back together."""

from __future__ import annotations

from collections.abc import Mapping

from features.errors import ReleaseError, TrackingError
from models.release import MODELS, ReleaseRecord
from training import registry
from training.export import Champions, Exported, next_release, release_chain, releases_recorded
from training.registry import CHAMPION, Version
from training.synthetic_mark import mark
from training.tracking_store import TrackingStore
from training.work_folder import WorkFolder


def bring_back(store: TrackingStore, folder: WorkFolder, who: str, why: str) -> Exported:
    """Let the models of the release before the current one be champions and answer again.

    The registry goes first: an export can then never bring the release back that was left. If
    anything fails on the way, the same command takes up where it stopped. A question that only the
    current release answers has no champion afterwards; a champion that was never released stays.

    Raises
    ------
    ReleaseError
        Where there is no release before, or who and why are empty.
    TrackingError
        Where the registry cannot be reached or does not hold the models of that release.
    """
    if not who.strip() or not why.strip():
        raise ReleaseError("A release is brought back by somebody for a reason: give who and why.")
    current, before = _current_and_before(folder)
    try:
        _crown(store, _versions(store, before), current)
    except TrackingError as error:
        raise TrackingError(
            f"{error} Nothing was brought back yet; give the same command again. Until then the "
            f"service answers with the release before if started with "
            f"VIGICELL_RELEASE={before.directory}."
        ) from error
    models = {name: before.directory / MODELS / name for name in before.model_digests}
    champions = Champions(models, before.facts)
    return next_release(folder, champions, who, why, brings_back=before.digest)


def _versions(store: TrackingStore, release: ReleaseRecord) -> dict[str, Version]:
    found = {}
    for question, digest in release.model_digests.items():
        version = registry.of_digest(store, question, digest)
        if version is None:
            raise TrackingError(
                f"No version of {question} in {store.shown_uri} has the digest {digest[:12]} "
                "of the release before. Name the store it was promoted in with "
                "MLFLOW_TRACKING_URI."
            )
        found[question] = version
    return found


def _crown(store: TrackingStore, versions: Mapping[str, Version], current: ReleaseRecord) -> None:
    for version in versions.values():
        registry.point(store, CHAMPION, version)
    for question in set(current.model_digests) - set(versions):
        if registry.at_alias(store, question, CHAMPION):
            registry.unpoint(store, CHAMPION, question)


def _current_and_before(folder: WorkFolder) -> tuple[ReleaseRecord, ReleaseRecord]:
    """Find what a person means by the one before: a return counts as what it returns to."""
    chain = release_chain(folder)
    steps: list[ReleaseRecord] = []
    returned = {entry["release"]: entry["brings_back"] for entry in releases_recorded(folder)}
    for record in chain:
        if returned.get(record.digest):
            steps = steps[: [step.digest for step in steps].index(returned[record.digest]) + 1]
        else:
            steps.append(record)
    if not steps:
        raise ReleaseError(
            f"Nothing was released yet in {folder.releases}, so nothing can be brought back. "
            "`python -m training export` makes a first release."
        )
    if len(steps) < 2:
        only = steps[0]
        raise ReleaseError(
            f"Release {only.digest[:16]} of {only.when[:10]} ({_named(only)}) is the first of "
            f"{folder.releases}: no earlier release can be brought back. To stop it answering, "
            "stop the service; to answer with another model, `promote` one and `export`."
        )
    return chain[-1], steps[-2]


def _named(release: ReleaseRecord) -> str:
    return f"{mark(release.synthetic)}{', '.join(sorted(release.model_digests))}"

"""Putting the cut-offs that a site has signed into the models of a release, when it is loaded."""

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

from features.errors import SettingsError
from features.questions import QUESTIONS
from models.release import Release
from models.risk_model import RiskModel
from models.tiers import Tiers, with_cut_offs
from serving.settings import SignedCutOffs


def with_site_tiers(release: Release, cut_offs: Iterable[SignedCutOffs]) -> Release:
    """Return a release whose models have the tiers that the site has signed for their question.

    A question that the release has no model for is left: the next release may have one.

    Raises
    ------
    SettingsError
        For what is no question's name.
    """
    by_question = {one.question: one.tiers for one in cut_offs}
    known = sorted({*QUESTIONS, *release.models})
    for name in by_question:
        if name not in known:
            raise SettingsError(_no_question(name, known))
    models = {
        name: _with_tiers(model, by_question[name]) if name in by_question else model
        for name, model in release.models.items()
    }
    return replace(release, models=models)


def _with_tiers(model: RiskModel, signed: Tiers) -> RiskModel:
    made = replace(model, tiers=with_cut_offs(model.tiers, signed))
    made.__dict__["digest"] = model.digest  # still the released model; the tiers are the site's
    return made


def _no_question(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    meant = f"Did you mean {near[0]}?" if near else "Take it out, or correct it."
    return (
        f"settings, [[tiers]]: question = {name!r} is no question. Legal is {', '.join(known)}. "
        f"{meant}"
    )

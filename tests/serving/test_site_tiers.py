import json

import pytest

from features.errors import SettingsError
from models.release import load_release
from models.tiers import Tier, Tiers
from serving.messages import EXAMPLE_REQUEST
from serving.settings import SignedCutOffs
from serving.site_tiers import with_site_tiers
from tests.serving.small_release import ASKED

QUESTION = ASKED[0]
SIGNED = "head of the unit, 2026-01-31"


def signed(question=QUESTION, **cut_offs):
    tiers = tuple(Tier(name, cut) for name, cut in cut_offs.items())
    return SignedCutOffs(question, Tiers(tiers, SIGNED))


def test_only_the_tiers_of_the_named_question_change(release):
    made = with_site_tiers(release, [signed(low=0.0, high=0.11)])
    assert made.models[QUESTION].tiers.bounds == {"low": 0.0, "high": 0.11}
    for other in ASKED[1:]:
        assert made.models[other] is release.models[other]


def test_it_stays_the_released_model(release, release_directory):
    made = with_site_tiers(release, [signed(low=0.0, high=0.11)])
    assert made.models[QUESTION].digest == release.models[QUESTION].digest
    assert made.digest == load_release(release_directory).digest


def test_nothing_is_observed_at_new_cut_offs_and_that_is_said(release, open_desk):
    made = with_site_tiers(release, [signed(low=0.0, high=0.123)])
    assert not any(tier.n for tier in made.models[QUESTION].tiers.tiers)
    asked = {**EXAMPLE_REQUEST, "questions": list(ASKED)}
    answer = json.loads(open_desk(made).answer(json.dumps(asked).encode()))
    mine = [one for one in answer["answers"] if one["question"]["name"] == QUESTION]
    texts = [notice["text"] for one in mine for notice in one["notices"]]
    abstained = mine[0]["abstention"] is not None
    assert abstained or any(SIGNED in text and "not known" in text for text in texts)


@pytest.mark.parametrize("question", ASKED)
def test_an_answer_names_the_sites_tier_and_who_signed(release, open_desk, question):
    made = with_site_tiers(release, [signed(question, ward=0.0, bay=0.000001)])
    answer = json.loads(open_desk(made).answer(json.dumps(EXAMPLE_REQUEST).encode()))
    for one in answer["answers"]:
        if one["question"]["name"] == question and one["abstention"] is None:
            assert one["tier"]["name"] == "bay"
            assert any(SIGNED in notice["text"] for notice in one["notices"])
            assert "unsigned_tiers" not in [notice["code"] for notice in one["notices"]]


def test_a_question_that_does_not_exist_is_refused_with_the_nearest(release):
    with pytest.raises(SettingsError, match=r"'severe-crs-72' is no question.*Did you mean severe"):
        with_site_tiers(release, [signed("severe-crs-72", low=0.0)])


def test_a_question_without_a_model_is_left_for_a_later_release(release):
    made = with_site_tiers(release, [signed("grade-2-crs-72h", low=0.0, high=0.2)])
    assert made.models == release.models

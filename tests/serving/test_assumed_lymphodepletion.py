import json

import pytest

from features.sources.records.site_mapping import SiteMapping
from serving.answer import Desk
from serving.ledger import Ledger
from serving.messages import EXAMPLE_REQUEST

CODE = "assumed_lymphodepletion"


@pytest.fixture
def told(release, tmp_path):
    """Answer with a site that assumes a day, or none; return the answer."""

    def telling(assumed, **course):
        asked = {**EXAMPLE_REQUEST, "course": {**EXAMPLE_REQUEST["course"], **course}}
        asked["course"] = {name: value for name, value in asked["course"].items() if value != ""}
        site = SiteMapping(lymphodepletion_day=assumed)
        ledger = Ledger(tmp_path / f"{assumed}{len(course)}.sqlite")
        desk = Desk(release, ledger, demo=True, site=site)
        try:
            return json.loads(desk.answer(json.dumps(asked).encode()))
        finally:
            desk.close()

    return telling


def codes(answer):
    return [one["code"] for one in answer["notices"]]


def test_nothing_is_assumed_unless_the_site_says_so(told):
    assert CODE not in codes(told(None, lymphodepletion_day=""))


def test_what_is_assumed_is_said(told):
    (said,) = [one for one in told(-5.0, lymphodepletion_day="")["notices"] if one["code"] == CODE]
    assert "day -5 was assumed" in said["text"]


def test_what_the_request_says_is_taken(told):
    assert CODE not in codes(told(-5.0, lymphodepletion_day=-4))


def test_who_got_none_is_not_said_to_have_begun(told):
    assert CODE not in codes(told(-5.0, lymphodepletion_day="", lymphodepletion="none"))


def test_the_answer_is_that_of_a_request_that_says_the_day(told):
    def estimates(answer):
        return [one["probability"] for one in answer["answers"]]

    said = told(None, lymphodepletion_day=-5)
    assert estimates(told(-5.0, lymphodepletion_day="", sex="female")) == estimates(
        told(None, lymphodepletion_day=-5, sex="female")
    )
    assert any(estimates(said))

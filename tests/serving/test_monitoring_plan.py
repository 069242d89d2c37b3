"""The monitoring plan only adds, names no drug and no dose, and shows nothing unread."""

import json
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from features.errors import SettingsError
from features.products import PRODUCTS
from features.tables import AGENTS
from serving.answer import Desk
from serving.ledger import Ledger
from serving.monitoring_plan import (
    LEVELS,
    PRODUCT_ROWS,
    ROWS,
    TRIGGERS,
    WITHHELD,
    Plan,
    SitePlan,
    level_of,
)
from tests.serving.asking import a_request

NO_DRUGS = ("oxygen", "other", "intubation", "dialysis")
OTHER_NAMES = (
    "steroid",
    "dexamethasone",
    "methylpred",
    "levetiracetam",
    "norepinephrine",
    "托珠",
    "激素",
)
DOSE = re.compile(r"\d\s*(mg|µg|ug|mcg|g|IU|mL)(/kg|/m2|/day|\b)(?!/dL|/L)")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
EVERYTHING = (*ROWS, *PRODUCT_ROWS, *TRIGGERS)


def words_of(one):
    pairs = (one.when, one.then) if hasattr(one, "when") else (one.what, one.how_often)
    return [text for pair in pairs for text in pair]


@pytest.mark.parametrize("one", EVERYTHING, ids=lambda one: one.item)
def test_no_row_names_a_drug_or_a_dose(one):
    for text in words_of(one):
        said = text.lower().replace("_", " ")
        named = [each.replace("_", " ") for each in AGENTS if each not in NO_DRUGS]
        assert not [each for each in (*named, *OTHER_NAMES) if each in said]
        assert not DOSE.search(text.replace("ng/mL", "").replace("mg/dL", ""))


def test_the_search_for_doses_finds_one():
    assert DOSE.search("8 mg/kg every 8 hours")


@pytest.mark.parametrize("one", EVERYTHING, ids=lambda one: one.item)
def test_every_row_has_a_source_a_tag_and_both_languages(one):
    assert one.source
    assert one.tag in ("L", "L2", "A", "Mh", "Mm")
    english, chinese = words_of(one)[::2], words_of(one)[1::2]
    assert not any(CHINESE.search(text) for text in english)
    assert all(CHINESE.search(text) for text in chinese)


@pytest.mark.parametrize("one", TRIGGERS, ids=lambda one: one.item)
def test_every_trigger_ends_in_the_local_protocol(one):
    assert one.then[0].endswith("assess by local protocol")
    assert one.then[1].endswith("按本院方案评估")


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_asks_for_ice_at_least_twice_daily(level):
    ice = [one for one in ROWS if (one.level, one.item) == (level, "ice")]
    assert len(ice) == 1
    assert ice[0].at_least_every_hours <= 12
    assert ice[0].shown


def test_a_higher_level_never_asks_for_less():
    for lower, higher in pairwise(LEVELS):
        asked = {one.item: one.at_least_every_hours for one in ROWS if one.level == higher}
        for one in ROWS:
            if one.level == lower and one.at_least_every_hours is not None:
                assert asked[one.item] <= one.at_least_every_hours, (higher, one.item)


def test_every_product_of_the_plan_is_in_the_catalogue():
    assert {name for one in PRODUCT_ROWS for name in one.products} <= set(PRODUCTS)


# --- the plan of an answer ------------------------------------------------------------------------


@pytest.fixture
def plan_of(open_desk):
    def asking(desk=None, language="en", **changes):
        desk = desk or open_desk(None)
        body = json.dumps({"course": {}, "landmark": 3.0, **changes}).encode()
        return json.loads(desk.answer(body, language))["monitoring"]

    return asking


def test_without_an_estimate_the_plan_is_the_one_for_everybody(plan_of):
    plan = plan_of()
    assert plan["level"] == "lowest"
    assert "every patient" in plan["because"]
    assert [one["item"] for one in plan["rows"]] == ["ice", "motor", "vital_signs", "laboratory"]
    assert "Only adds" in plan["meaning"]


@pytest.mark.parametrize(("toxicity", "grade"), [("CRS", 2), ("ICANS", 1)])
def test_a_current_grade_asks_for_the_highest_level(plan_of, toxicity, grade):
    plan = plan_of(grades=[{"toxicity": toxicity, "grade": grade, "day": 3.0}])
    assert plan["level"] == "highest"
    assert toxicity in plan["because"]


def test_the_level_follows_the_tier(ask):
    answer = ask(a_request())
    watch = answer["watch"]
    assert answer["monitoring"]["level"] == level_of(watch["rank"], watch["of"])
    assert answer["monitoring"]["because"] == watch["because"]


def test_a_row_whose_source_nobody_read_is_counted_and_not_shown(plan_of):
    plan = plan_of()
    text = json.dumps(plan)
    assert WITHHELD == 4
    assert plan["not_shown"].startswith("4 rows")
    assert "36 hours" not in text
    assert "10 000" not in text
    tags = {one["tag"] for part in ("rows", "product", "triggers") for one in plan[part]}
    assert tags <= {"L", "L2", "A"}


def test_a_proposal_is_marked_until_somebody_signed(plan_of, tmp_path):
    marked = plan_of()
    assert {one["proposal"] for one in marked["rows"]} == {True, False}
    assert all(one["proposal"] == (one["tag"] == "A") for one in marked["rows"])
    assert "must sign" in marked["proposals"]
    desk = Desk(None, Ledger(tmp_path / "signed.sqlite"), plan=SitePlan("Head of the ward"))
    signed = plan_of(desk)
    desk.close()
    assert signed["signed_by"] == "Head of the ward"
    assert not any(one["proposal"] for one in (*signed["rows"], *signed["triggers"]))
    assert signed["proposals"] is None


WINDOWS = {
    "cilta-cel": {"late_onset", "delayed_neurotoxicity", "enterocolitis"},
    "obe-cel": {"each_infusion"},
    "ide-cel": {"early_onset"},
    "axi-cel": set(),
}


@pytest.mark.parametrize("product", list(WINDOWS))
def test_a_product_brings_its_own_windows(plan_of, product):
    plan = plan_of(course={"product": product}, landmark=0.5)
    assert {one["item"] for one in plan["product"]} == WINDOWS[product]


def test_the_late_days_of_cilta_cel_are_days_7_to_14_and_pass(plan_of):
    early = {one["item"]: one for one in plan_of(course={"product": "cilta-cel"})["product"]}
    assert (early["late_onset"]["from_day"], early["late_onset"]["until_day"]) == (7, 14)
    assert early["delayed_neurotoxicity"]["until_day"] is None
    late = plan_of(course={"product": "cilta-cel"}, landmark=40.0)
    assert [one["item"] for one in late["product"]] == ["delayed_neurotoxicity", "enterocolitis"]


def test_the_days_of_obe_cel_count_again_from_the_second_infusion(plan_of):
    course = {"product": "obe-cel", "second_dose_day": 10.0}
    before, after = plan_of(course=course, landmark=9.0), plan_of(course=course, landmark=11.0)
    for plan, start in ((before, 0), (after, 10)):
        assert (plan["product"][0]["from_day"], plan["product"][0]["until_day"]) == (
            start,
            start + 14,
        )
        assert (plan["rows"][0]["from_day"], plan["rows"][0]["until_day"]) == (start, start + 14)


def test_swelling_of_bulky_lymphoma_is_watched(plan_of):
    bulky = plan_of(course={"diagnosis": "LBCL", "bulky_disease": True})
    assert [one["item"] for one in bulky["product"]] == ["local_crs"]
    assert plan_of(course={"diagnosis": "LBCL"})["product"] == []
    assert plan_of(course={"diagnosis": "MM", "bulky_disease": True})["product"] == []


def test_after_its_window_ice_is_still_asked_for(plan_of):
    ice = plan_of(landmark=20.0)["rows"][0]
    assert (ice["item"], ice["until_day"]) == ("ice", None)


def test_the_plan_is_told_in_chinese(plan_of):
    plan = plan_of(language="zh")
    assert plan["rows"][0]["how_often"] == "每日至少两次"
    assert all(CHINESE.search(one["then"]) for one in plan["triggers"])


# --- what a site may say --------------------------------------------------------------------------

ICE = next(one for one in ROWS if (one.level, one.item) == ("lowest", "ice"))


def test_a_site_replaces_a_row_and_it_counts_as_signed():
    often = replace(
        ICE, at_least_every_hours=6, how_often=("every 6 hours", "每6小时"), source="ward"
    )
    rows = {(one.level, one.item): one for one in Plan(SitePlan("A", (
        often, replace(often, level="between"))))
        .rows}  # fmt: skip
    assert rows["lowest", "ice"].at_least_every_hours == 6
    assert rows["lowest", "ice"].tag == "S"
    assert len(rows) == len(ROWS)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (replace(ICE, at_least_every_hours=24), "less than twice daily"),
        (replace(ICE, at_least_every_hours=None), "less than twice daily"),
        (replace(ICE, at_least_every_hours=4), "level between asks for less than level lowest"),
        (replace(ICE, level="extreme"), "level 'extreme'"),
    ],
)
def test_a_site_may_not_ask_for_less(row, said):
    with pytest.raises(SettingsError, match=said):
        Plan(SitePlan("A", (row,)))

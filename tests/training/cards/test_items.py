"""The lists are whole: every item of the guideline once, every name leads somewhere."""

from collections import Counter

import pytest

from tests.training.cards.made_evidence import evidence
from training.cards import chai, change_plan, checklists, model_facts
from training.cards.answers import about, figures, method, patients, use
from training.cards.filling import ANSWERS, fill, items_of
from training.cards.judgements import JUDGES
from training.cards.statements import ASKED

LISTS = ("tripod_ai", "probast_ai", "hti1")
# Collins et al., BMJ 2024;385:e078378: 27 items, 52 with their parts.
TRIPOD_PARTS = {3: "abc", 5: "ab", 6: "abc", 8: "abc", 9: "abc", 12: "abcdefg", 18: "abcdef",
                20: "abc", 23: "ab", 27: "abc"}  # fmt: skip
# 45 CFR 170.315(b)(11)(iv)(B)(1) to (9): attributes in each group.
HTI1_GROUPS = {1: 4, 2: 4, 3: 2, 4: 4, 5: 2, 6: 4, 7: 5, 8: 4, 9: 2}
# Moons et al., BMJ 2025;388:e082505: signalling questions by part and domain.
PROBAST_DOMAINS = {"D1": 3, "D2": 4, "D3": 4, "D4": 5, "E1": 3, "E2": 4, "E3": 4, "E4": 7}


def test_tripod_ai_has_its_27_items_with_every_part_once():
    legal = [f"{n}{part}" for n in range(1, 28) for part in TRIPOD_PARTS.get(n, [""])]
    assert [item.number for item in items_of("tripod_ai").items] == legal
    assert len(legal) == 52


def test_hti1_has_its_31_attributes_by_group():
    groups = Counter(int(item.number.split(".")[0]) for item in items_of("hti1").items)
    assert groups == HTI1_GROUPS
    assert sum(HTI1_GROUPS.values()) == 31
    numbers = [item.number for item in items_of("hti1").items]
    assert len(set(numbers)) == 31


def test_probast_ai_has_16_questions_on_development_and_18_on_evaluation():
    numbers = [item.number for item in items_of("probast_ai").items]
    assert Counter(number.split(".")[0] for number in numbers) == PROBAST_DOMAINS
    assert sum(number.startswith("D") for number in numbers) == 16
    assert len(set(numbers)) == 34


@pytest.mark.parametrize("name", LISTS)
def test_a_list_says_where_it_comes_from(name):
    items = items_of(name)
    assert items.source
    assert items.tag


def test_every_name_in_a_list_leads_somewhere_and_nothing_is_unused():
    items = [item for name in LISTS for item in items_of(name).items]
    run = {name for item in items for name in (*item.run, *item.optional)}
    person = {key for item in items for key in item.person}
    assert run == set(ANSWERS)
    assert {item.judge for item in items if item.judge} == set(JUDGES)
    assert person <= set(ASKED)


def test_every_statement_that_is_asked_for_is_shown_somewhere():
    said = {key: f"said of {key}" for key in ASKED}
    e = evidence(said=said)
    shown = chai.chai_xml(e) + "".join(
        str(document)
        for document in (
            model_facts.model_facts(e), checklists.tripod_ai(e), checklists.probast_ai(e),
            checklists.hti1(e), change_plan.change_plan(e),
        )
    )  # fmt: skip
    assert [key for key, text in said.items() if text not in shown] == []


def test_every_answer_says_what_it_does_in_its_docstring():
    for module in (about, figures, method, patients, use):
        assert module.__doc__
    assert all(answer.__doc__ for answer in ANSWERS.values())


@pytest.mark.parametrize("name", LISTS)
def test_every_item_is_answered_missing_or_said_not_to_apply(name):
    for one in fill(items_of(name), evidence()):
        assert one.parts or one.lacks or one.item.otherwise, one.item.number

"""Whatever a clinician may read has words in English and in Chinese."""

import re
from pathlib import Path
from string import Formatter

import pytest

from features.columns import COLUMNS
from features.inputs import COURSE_FIELDS, INPUTS
from features.question_words import question_text
from features.questions import QUESTIONS
from features.scores import SCORES
from serving.monitoring_plan import LEVELS
from serving.sentences import SENTENCES, say
from serving.words import not_covered, shown_value

SERVING = Path(__file__).parents[2] / "serving"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def slots(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", list(SENTENCES))
def test_every_sentence_has_both_languages_and_the_same_values(key):
    english, chinese = SENTENCES[key]
    assert english
    assert not CHINESE.search(english)
    assert CHINESE.search(chinese) or not re.sub(r"\{[^}]*\}", "", english).strip()
    handed_on = slots(english) == {"detail"} and english == "{detail}"
    assert slots(chinese) <= slots(english) if handed_on else slots(chinese) == slots(english)


def test_every_sentence_is_said_somewhere_and_none_is_missing():
    code = "\n".join(one.read_text(encoding="utf-8") for one in SERVING.glob("*.py"))
    fixed = set(re.findall(r'say\(\s*"([a-z_]+\.[\w]+)"', code))
    assert fixed <= set(SENTENCES)
    for key in SENTENCES:
        family, name = key.split(".")
        assert f'"{key}"' in code or f'"{name}"' in code or family in DYNAMIC, key


DYNAMIC = {
    "lineage": "lineages of ICAHT",
    "finding": "findings of grades and scores",
    "grade": "kinds of comparison",
    "tier": "levels",
    "abstention": "codes of the product",
    "not_covered": "a tuple in words.py",
}


@pytest.mark.parametrize("code", ["no_product", "unknown_product", "not_a_car_t"])
def test_every_reason_of_a_course_without_product_has_words(code):
    assert say(f"abstention.{code}", detail="as it was said") == "as it was said"
    assert CHINESE.search(say(f"abstention.{code}", "zh", detail="said"))


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_has_an_action_and_its_source(level):
    assert CHINESE.search(say(f"tier.{level}", "zh"))
    assert CHINESE.search(say(f"tier.source_{level}", "zh"))


@pytest.mark.parametrize("name", list(COLUMNS))
def test_every_predictor_has_a_chinese_label(name):
    assert CHINESE.search(COLUMNS[name].description.label_zh)
    assert not CHINESE.search(COLUMNS[name].description.label)


@pytest.mark.parametrize("one", [*INPUTS.values(), *COURSE_FIELDS.values(), *SCORES.values()])
def test_every_input_field_and_score_has_a_chinese_label(one):
    assert CHINESE.search(one.label_zh)


@pytest.mark.parametrize("name", list(QUESTIONS))
def test_every_question_is_asked_in_chinese(name):
    asked = question_text(QUESTIONS[name], "zh")
    assert CHINESE.search(asked)
    assert str(QUESTIONS[name].min_grade) in asked
    assert [question_text(one, "zh") for one in QUESTIONS.values()].count(asked) == 1


def test_what_is_not_covered_is_told_in_both_languages():
    assert len(not_covered("en")) == len(not_covered("zh"))
    assert all(CHINESE.search(one) for one in not_covered("zh"))


def test_values_have_chinese_units():
    assert shown_value(61, "a", "zh") == "61 岁"
    assert shown_value(84, "mg/L", "zh") == "84 mg/L"
    assert shown_value(float("nan"), "mg/L", "zh") == "未测定"

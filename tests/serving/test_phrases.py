"""Every rule and note that grading or scoring can say is translated."""

import re
from itertools import product

import numpy as np
import pytest

from features.grading import CrsFindings, IcansFindings, Ice, Oxygen, grade_crs, grade_icans
from features.grading.icaht import grade_icaht
from features.inputs import INPUTS
from features.score_reading import UNVERIFIED_ITEMS, read_score
from features.scores import SCORES
from serving.phrases import phrase

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def every_crs():
    told = (None, False, True)
    for fever, low, n, oxygen in product(told, told, (None, 0, 1, 2), (None, *Oxygen)):
        for masked, vasopressin in product((False, True), repeat=2):
            yield grade_crs(CrsFindings(fever, masked, low, n, vasopressin, oxygen, masked, True))
    yield grade_crs(CrsFindings(died=True))


def every_icans():
    levels = [(None, *INPUTS[name].levels) for name in ("seizure", "motor_weakness")]
    oedema = (None, *INPUTS["cerebral_oedema"].levels)
    awake = (None, *INPUTS["consciousness"].levels)
    for ice, word, child in product((None, 10, 8, 5, 1), awake, (None, False, True)):
        for capd in (None, 3, 12):
            score = None if ice is None else Ice(ice, ice, contradicts_items=ice == 8)
            yield grade_icans(IcansFindings(score, capd, word, "none", "none", "none", child))
            yield grade_icans(IcansFindings(score, capd, word, child=child))
    for seizure, weakness, swelling in product(*levels, oedema):
        yield grade_icans(IcansFindings(None, None, "awake", seizure, weakness, swelling, False))
    yield grade_icans(IcansFindings(died=True))


def every_icaht():
    for count, days, phase in product((10, 40, 80, 200), (1, 8, 20), ("early", "late")):
        first = 0 if phase == "early" else 31
        at = np.arange(first, first + 70)
        counts = np.where(at < first + days, count, 300.0)
        yield grade_icaht(at, counts, "platelets", phase)
        yield grade_icaht(at, counts, "platelets", phase, first + 12.0)


SAID = sorted(
    {
        text
        for one in (*every_crs(), *every_icans(), *every_icaht())
        for text in (*(() if one.grade is None else (one.rule,)), *one.notes)
    }
)


def test_the_sweep_reaches_many_rules():
    assert len(SAID) > 60


@pytest.mark.parametrize("text", SAID)
def test_every_rule_and_note_is_told_in_chinese(text):
    assert phrase(text, "en") == text
    assert CHINESE.search(phrase(text, "zh"))


@pytest.mark.parametrize("name", list(SCORES))
@pytest.mark.parametrize("day", [-6.0, -1.0, 5.0, 40.0])
def test_everything_that_is_said_of_a_score_is_told_in_chinese(name, day):
    read = read_score(name, day, {}, lymphodepletion_day=None, diagnosis="gastric", age_years=9)
    one = read.score
    texts = [one.made_for, one.population, *read.cautions]
    texts += [read.refused] if read.refused else []
    texts += [one.cut_off.means] if one.cut_off else []
    for text in texts:
        assert text == UNVERIFIED_ITEMS or CHINESE.search(phrase(text, "zh")), text


def test_what_nobody_translated_stays_as_it_was_said():
    assert phrase("a rule of next year", "zh") == "a rule of next year"
    assert phrase("fever; a rule of next year", "zh") == "fever; a rule of next year"

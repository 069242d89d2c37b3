"""The page shows what came from outside and runs none of it."""

import re

from tests.training.cards.made_blocks import a_group
from tests.training.cards.made_evidence import COHORT, a_gap, an_audit, an_evaluation, evidence
from training.cards.markdown import markdown_of
from training.cards.pack import documents_of
from training.cards.page import page_of

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> | [a](javascript:b) \"'&"


def hostile():
    said = dict.fromkeys(("funding", "setting", "intended_use", "contact"), HOSTILE)
    return evidence(
        an_evaluation(
            cohort=COHORT | {"name": HOSTILE},
            verdict={"best_comparator": HOSTILE, "text": HOSTILE},
            subgroups={"site": [a_group(HOSTILE)]},
            method=HOSTILE,
        ),
        said=said,
        manifest={"products": {HOSTILE: 9}, "limitations": [HOSTILE]},
    )


def test_nothing_that_came_from_outside_becomes_a_tag():
    documents = documents_of(hostile())
    page = page_of(documents, HOSTILE)
    assert "&lt;script&gt;" in page
    tags = set(re.findall(r"<\s*(\w+)", page))
    assert "script" not in tags
    assert "img" not in tags
    assert not re.search(r"<[^>]*\son\w+\s*=", page)


def test_nothing_that_came_from_outside_becomes_a_tag_or_a_link_in_markdown():
    text = "\n".join(map(markdown_of, documents_of(hostile())))
    assert not re.search(r"(?<!\\)<", text)
    assert not re.search(r"(?<!\\)\]\(", text)
    for line in text.splitlines():
        if line.startswith("| ") and "script" in line:
            assert len(re.findall(r"(?<!\\)\|", line)) in (3, 4, 5, 6)


def test_the_page_asks_nothing_of_the_network():
    page = page_of(documents_of(evidence()), "evidence")
    assert not re.search(r"https?://|url\(|@import|<link|src=", page)
    assert "default-src 'none'" in page


def test_every_document_can_be_reached_from_the_top():
    documents = documents_of(evidence())
    page = page_of(documents, "evidence")
    for one in documents:
        assert f'href="#{one.stem}"' in page
        assert f'id="{one.stem}"' in page
        if one.missing:
            assert f"{one.missing} missing" in page


def test_a_clinician_finds_what_whom_how_good_against_what_and_what_not():
    titles = [section.title for section in documents_of(evidence())[0].sections]
    for asked in (
        "What it predicts",
        "For whom",
        "How good",
        "Against what",
        "not cover",
        "use it",
    ):
        assert any(asked in title for title in titles), asked


def first_lines(e):
    return [block.text for block in documents_of(e)[0].sections[0].blocks]


def test_what_speaks_against_the_model_stands_beside_its_verdict():
    warned = an_audit("warned", rule="units_are_mixed", severity="warn")
    said = first_lines(evidence(audit=warned))
    assert "The leakage audit of the training records raised 1 of 1 rules." in said
    assert "PROBAST+AI by rule: high concern or risk of bias in 3 of 8 domains." in said
    assert not any("audit" in line for line in first_lines(evidence()))


def test_a_scale_that_nobody_recorded_is_said_so():
    page = markdown_of(documents_of(evidence(an_evaluation(
        cohort=COHORT | {"grading_system": "unknown"})))[0])  # fmt: skip
    assert "graded by a scale that nobody recorded" in page


def test_scores_keep_their_names():
    rivals, gaps = {"car_hematotox": an_evaluation()["model"]}, {"car_hematotox": a_gap()}
    found = evidence(an_evaluation(comparators=rivals, differences=gaps))
    page = markdown_of(documents_of(found)[0])
    assert "| CAR-HEMATOTOX |" in page


def test_an_override_stands_on_top():
    e = evidence(overridden={"rules": {"enough_patients_had_the_event": "pilot"}, "who": "x"})
    top = documents_of(e)[0].sections[0]
    assert any("enough_patients_had_the_event (pilot)" in block.text for block in top.blocks)

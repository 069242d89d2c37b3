"""What nobody has said is shown as missing, counted, and comes only from a person."""

import pytest

from features.errors import CardError
from tests.training.cards.made_evidence import evidence
from training.cards.checklists import hti1, probast_ai, tripod_ai
from training.cards.filling import ANSWERED, MISSING, NOT_APPLICABLE, PARTLY, fill, items_of
from training.cards.markdown import markdown_of
from training.cards.model_facts import model_facts
from training.cards.statements import ASKED, Statements, draft_statements, read_statements


def item(number, e, name="tripod_ai"):
    return next(one for one in fill(items_of(name), e) if one.item.number == number)


def test_a_statement_that_nobody_made_is_missing_and_named():
    one = item("18a", evidence())
    assert one.status == MISSING
    assert one.lacks == (f"missing: nobody has said ({ASKED['funding']}; statement `funding`)",)
    assert "missing: nobody has said" in markdown_of(tripod_ai(evidence()))


def test_a_statement_fills_its_item_and_lowers_the_count():
    e = evidence(said={"funding": "A public grant."})
    one = item("18a", e)
    assert one.status == ANSWERED
    assert one.parts == ("Stated by a person: A public grant.",)
    assert tripod_ai(e).missing == tripod_ai(evidence()).missing - 1


def test_an_item_that_the_run_answers_in_part_is_not_called_answered():
    one = item("10", evidence())
    assert one.status == PARTLY
    assert one.lacks == ("missing: not computed in this run (sample size)",)


def test_an_item_of_evaluations_elsewhere_does_not_apply_without_one():
    assert item("20c", evidence()).status == NOT_APPLICABLE
    other = {"cohort": {"name": "another ward"}, "method": "a finished model", "model": {},
             "n_rows": 50, "n_patients": 40, "n_event_patients": 9}  # fmt: skip
    e = evidence(elsewhere=(other,))
    assert item("20c", e).status == ANSWERED
    assert item("6.i", e, "hti1").status == PARTLY
    assert "another ward" in markdown_of(hti1(e))
    assert "In another ward (50 rows of 40 patients" in markdown_of(model_facts(e))


def test_a_plan_judged_on_each_site_fills_what_asks_for_clusters():
    figure = {
        "auroc": {"estimate": 0.7123, "low": 0.6, "high": 0.8},
        "calibration_slope": {"estimate": 0.9, "low": 0.7, "high": 1.1},
    }
    group = {
        "group": "north",
        "n_rows": 50,
        "n_patients": 40,
        "n_event_patients": 9,
        "model": figure,
    }
    table = {"by": "site", "groups": [group], "pooled": group, "not_assessable": {"south": "few"}}
    assert item("23b", evidence()).status == MISSING
    one = item("23b", evidence(transports=(table,)))  # fmt: skip
    assert one.status == ANSWERED
    assert "north (50 rows of 40 patients, 9 patients with an event): AUROC 0.712" in one.parts[0]
    assert "Not judged: south: few." in one.parts[0]


def test_a_corrected_model_says_so_on_top_and_in_its_items():
    told = {"correction": "intercept", "cohort": "our ward", "n_rows": 60, "n_patients": 50,
            "n_event_patients": 12}  # fmt: skip
    e = evidence(manifest={"recalibrated": told})
    assert item("12f", evidence()).status == NOT_APPLICABLE
    assert item("12f", e).status == ANSWERED
    top = [block.text for block in model_facts(e).sections[0].blocks]
    assert any("Recalibrated on our ward, 60 rows of 50 patients, 12" in text for text in top)


def test_who_made_the_statements_is_said():
    assert "Statements by: nobody." in markdown_of(tripod_ai(evidence()))
    e = evidence(said={"said_by": "the unit's statistician", "said_on": "2026-01-31"})
    assert "Statements by: the unit's statistician, 2026-01-31." in markdown_of(tripod_ai(e))


def test_applicability_is_left_to_a_person():
    assert markdown_of(probast_ai(evidence())).count("| missing: nobody has said |") == 3
    e = evidence(said={"match_outcome": "low concern"})
    assert markdown_of(probast_ai(e)).count("| missing: nobody has said |") == 2


def test_a_draft_asks_for_everything_and_holds_nothing(tmp_path):
    path = tmp_path / "statements.toml"
    assert draft_statements(path) == len(ASKED)
    assert read_statements(path).said == {}
    text = path.read_text()
    assert all(f'\n{key} = ""\n' in text for key in ASKED)
    with pytest.raises(CardError, match="may hold answers"):
        draft_statements(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('fundig = "x"', "Did you mean funding"),
        ("funding = 3", "funding is text between quotes"),
        ("funding = ", "is not TOML"),
    ],
)
def test_a_file_of_statements_is_read_strictly(tmp_path, text, said):
    path = tmp_path / "statements.toml"
    path.write_text(text)
    with pytest.raises(CardError, match=said):
        read_statements(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CardError, match="draft-statements"):
        read_statements(tmp_path / "none.toml")


def test_only_statements_that_are_asked_for_can_be_read():
    with pytest.raises(KeyError):
        Statements({}).get("shoe_size")

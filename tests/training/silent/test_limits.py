"""Limits are read strictly: what is misspelt, unsigned or written afterwards is refused."""

from datetime import date

import pandas as pd
import pytest

from features.errors import PlanError
from tests.training.silent.exports import at_high, some_limits
from training.silent.limits import draft_limits, read_limits


def test_a_draft_is_read_once_it_is_signed_and_is_never_overwritten(tmp_path):
    file = tmp_path / "limits.toml"
    draft_limits(file, date(2026, 1, 5))
    with pytest.raises(PlanError, match="signed_by is empty"):
        read_limits(file)
    with pytest.raises(PlanError, match="not overwritten"):
        draft_limits(file, date(2026, 1, 6))
    file.write_text(file.read_text().replace('signed_by = ""', 'signed_by = "head of ward"'))
    limits, digest = read_limits(file)
    assert limits.written_on == date(2026, 1, 5)
    assert limits.tier.names == ("high",)
    assert len(digest) == 64
    file.write_text(file.read_text() + "\n# edited\n")
    assert read_limits(file)[1] != digest


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("least_pateints = 5", "Did you mean least_patients"),
        ("error = 0.5", "error lies above 0 and is at most 0.2"),
        ("error = 0", "error lies above 0"),
        ("least_patients = -1", "0 or more"),
        ("least_patients = 2.5", "not a whole number"),
        ("observed_to_expected = [2.0, 0.5]", "0 < low < high"),
        ("observed_to_expected = [0.5]", "0 < low < high"),
        ("worst_log_loss_difference = 3", "between -1 and 1"),
        ('model = "abc"', "8 characters"),
        ('written_on = "soon"', "is not date"),
        ("[tier]\nleast_sensitivity = 0.5", "lacks names"),
        ('[tier]\nnames = ["high"]', "needs names and a limit"),
        ('[tier]\nnames = ["high"]\nleast_sensitivity = 1.5', "above 0 and below 1"),
        ('[tier]\nnames = ["high"]\nmost_alerts_per_100_patient_days = 100', "below 100"),
        ("digest = 'x'", "has no key 'digest'"),
        ("", "no limit is set"),
        ("= 3", "is not TOML"),
    ],
)
def test_what_is_not_legal_is_refused_by_name(tmp_path, line, said):
    head = {"written_on": "2026-01-05", "signed_by": '"A"', "question": '"severe-crs-72h"'}
    head.pop(line.partition(" ")[0], None)
    file = tmp_path / "limits.toml"
    file.write_text("\n".join([f"{key} = {entry}" for key, entry in head.items()] + [line]))
    with pytest.raises(PlanError, match=said):
        read_limits(file)


def test_an_absent_file_and_absent_keys_are_named(tmp_path):
    with pytest.raises(PlanError, match="cannot be read"):
        read_limits(tmp_path / "none.toml")
    (tmp_path / "empty.toml").write_text("")
    with pytest.raises(PlanError, match="lacks written_on, signed_by, question"):
        read_limits(tmp_path / "empty.toml")


def test_limits_that_were_written_with_answers_in_sight_are_refused():
    first = pd.Timestamp("2026-01-05T08:00Z")
    some_limits(written_on=date(2026, 1, 5)).refuse_if_written_after(first)
    with pytest.raises(PlanError, match="after the first answer of 2026-01-05"):
        some_limits(written_on=date(2026, 1, 6)).refuse_if_written_after(first)


def test_limits_are_for_a_model_by_the_beginning_of_its_digest():
    assert some_limits(model="a" * 8).is_for("a" * 64)
    assert not some_limits(model="a" * 8).is_for("b" * 64)
    assert some_limits().is_for("b" * 64)
    assert [name for name, *_ in some_limits(tier=at_high(least_sensitivity=0.5)).tier_limits] == [
        "least_sensitivity"
    ]

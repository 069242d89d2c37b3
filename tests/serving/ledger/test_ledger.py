"""What is appended is found again, in order, by whom and about what."""

import stat
from datetime import UTC, datetime

import pytest

from features.errors import LedgerError
from serving.ledger import Entry, EntryRefused, Kind, Ledger


def test_an_empty_ledger_holds(ledger):
    assert ledger.verify().holds
    assert ledger.verify().entries == ledger.head() == 0
    assert ledger.append() == []
    assert ledger.latest(Kind.ANSWER) is None


def test_what_is_appended_is_found_again_and_the_chain_holds(ledger, an_entry):
    before = datetime.now(UTC)
    for number in range(5):
        assert ledger.append(an_entry(number, who="Dr. 李", subject="课程")) == [number + 1]
    found = ledger.read("id-3")
    assert (found.position, found.kind, found.subject, found.who) == (
        4, Kind.ANSWER, "课程", "Dr. 李",
    )  # fmt: skip
    assert (found.request, found.predictors, found.answer) == (b"request 3", b"{}", b"answer 3")
    assert before <= found.written_at <= datetime.now(UTC)
    assert found.release == "r" * 64
    assert found.erased is None
    assert ledger.answer("id-3") == b"answer 3"
    assert ledger.read("nobody") is ledger.answer("nobody") is None
    assert ledger.verify().entries == ledger.head() == 5
    assert ledger.verify().holds


def test_entries_of_one_call_follow_each_other_and_are_written_together(ledger, an_entry):
    assert ledger.append(*map(an_entry, range(120))) == list(range(1, 121))
    with pytest.raises(LedgerError):
        ledger.append(an_entry(200), an_entry(7), an_entry(201))  # ids are unique
    assert ledger.read("id-200") is None
    assert ledger.append(an_entry(300)) == [121]
    assert ledger.verify().entries == 121


def test_it_goes_on_after_being_reopened(place, an_entry):
    for number in range(3):
        one = Ledger(place)
        one.append(an_entry(number))
        one.close()
    one = Ledger(place)
    verdict = one.verify()
    one.close()
    assert verdict.holds
    assert verdict.entries == 3


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_recorded(ledger, kind):
    ledger.append(Entry("x", kind=kind, request=b"{}"))
    assert ledger.latest(kind).entry_id == "x"
    assert ledger.verify().holds


def test_a_subject_has_its_entries_in_order_and_by_kind(ledger, an_entry):
    kinds = [Kind.COURSE, Kind.EVENT, Kind.ANSWER]
    for number in range(12):
        ledger.append(an_entry(number, kind=kinds[number % 3]))
    mine = ledger.of_subject("course-1")
    assert [one.position for one in mine] == [2, 4, 6, 8, 10, 12]
    some = ledger.of_subject("course-1", Kind.EVENT, Kind.COURSE)
    assert [one.position for one in some] == [2, 4, 8, 10]
    assert ledger.of_subject("course-9") == []
    assert ledger.latest(Kind.EVENT).position == 11
    assert ledger.latest(Kind.EVENT, subject="course-1").position == 8
    assert ledger.latest(Kind.EVENT, Kind.ANSWER).position == 12
    assert ledger.latest(Kind.SEEN) is None


def test_entries_stream_in_order_from_where_one_stopped(ledger, an_entry):
    ledger.append(*[an_entry(n, kind=[Kind.EVENT, Kind.ANSWER][n % 2]) for n in range(130)])
    assert [one.position for one in ledger.after()] == list(range(1, 131))
    assert [one.position for one in ledger.after(127)] == [128, 129, 130]
    assert [one.position for one in ledger.after(120, Kind.EVENT)] == [121, 123, 125, 127, 129]
    assert list(ledger.after(ledger.head())) == []


def test_what_is_appended_while_one_reads_is_read_too(ledger, an_entry):
    ledger.append(*map(an_entry, range(60)))
    seen = 0
    for one in ledger.after():
        seen += 1
        if one.position == 10:
            ledger.append(an_entry(1000))
    assert seen == 61


@pytest.mark.parametrize("text", ["a\nb", "nul\0", "half \ud800", "x" * 201])
def test_a_name_that_no_database_holds_is_refused_and_not_repeated(text):
    with pytest.raises(LedgerError, match="who cannot be recorded") as refused:
        Entry("x", who=text)
    assert text not in str(refused.value)


def test_an_entry_that_cannot_be_written_leaves_nothing_behind(ledger, an_entry):
    ledger.append(an_entry(1))
    with pytest.raises(EntryRefused, match="not given") as refused:
        ledger.append(an_entry(1))
    assert "id-1" not in str(refused.value)
    assert refused.value.__cause__ is None
    ledger.append(an_entry(2))
    assert ledger.verify().entries == 2
    assert ledger.verify().holds


def test_only_its_owner_may_read_the_file(tmp_path, an_entry):
    one = Ledger(tmp_path / "new" / "ledger.sqlite")
    one.append(an_entry(1))
    modes = [stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "new").iterdir()]
    one.close()
    assert modes == [0o600] * 3  # with the log and its index
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_closed_ledger_is_not_writable(ledger, an_entry):
    assert ledger.writable()
    ledger.close()
    assert not ledger.writable()
    with pytest.raises(LedgerError, match="closed"):
        ledger.append(an_entry(1))

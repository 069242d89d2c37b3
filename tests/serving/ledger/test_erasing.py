"""Retention: payloads go, the chain stays and tells who took them and why."""

from datetime import UTC, datetime, timedelta

import pytest

from features.errors import LedgerError
from serving.ledger import Entry, Kind, Ledger
from tests.first_ledger import a_first_ledger


def now():
    return datetime.now(UTC)


@pytest.fixture
def of_six(ledger, an_entry):
    """Four entries, an instant, two more."""
    ledger.append(*map(an_entry, range(4)))
    instant = now()
    ledger.append(*map(an_entry, range(4, 6)))
    return ledger, instant


def test_what_is_erased_is_gone_and_the_chain_holds(of_six):
    ledger, instant = of_six
    assert ledger.erase(instant, "ten years are over", "Records office") == 4
    verdict = ledger.verify()
    assert (verdict.holds, verdict.entries, verdict.erased) == (True, 7, 4)
    gone = ledger.read("id-1")
    assert (gone.request, gone.predictors, gone.answer) == (b"", b"", b"")
    assert gone.subject == "course-1"
    assert gone.erased.reason == "ten years are over"
    assert gone.erased.who == "Records office"
    assert instant <= gone.erased.erased_at <= now()
    assert ledger.answer("id-1") is None
    assert ledger.answer("id-5") == b"answer 5"
    assert ledger.latest(Kind.ERASURE).position == 7


def test_an_erasure_in_the_midst_of_a_long_ledger(ledger, an_entry):
    ledger.append(*map(an_entry, range(2500)))
    assert ledger.erase(now(), "rule", "A. Person") == 2500
    assert ledger.verify().erased == 2500
    assert sum(one.erased is not None for one in ledger.after()) == 2500


def test_nothing_is_erased_twice_and_no_erasure_is_recorded_for_nothing(of_six):
    ledger, instant = of_six
    ledger.erase(instant, "rule", "A. Person")
    assert ledger.erase(instant, "rule", "A. Person") == 0
    assert ledger.head() == 7
    assert ledger.erase(now(), "rule", "A. Person") == 2
    assert ledger.verify().erased == 6


def test_an_erasure_that_was_interrupted_is_finished_by_the_next(of_six, monkeypatch):
    ledger, instant = of_six

    def cut(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("serving.ledger.erasing._erase_between", cut)
    with pytest.raises(KeyboardInterrupt):
        ledger.erase(instant, "rule", "A. Person")
    monkeypatch.undo()
    assert ledger.verify().holds
    assert ledger.erase(instant, "rule", "A. Person") == 4
    assert ledger.verify().erased == 4


def test_decisions_about_the_service_are_never_erased(ledger):
    for kind in (Kind.LIVE, Kind.SILENT, Kind.SNOOZE):
        ledger.append(Entry(kind.value, kind=kind, request=b"why"))
    assert ledger.erase(now(), "rule", "A. Person") == 1
    assert ledger.erase(now(), "rule", "A. Person") == 0
    assert ledger.read("live").request == b"why"
    assert ledger.read("snooze").erased is not None


@pytest.mark.parametrize(
    ("position", "broken_at"),
    [(5, 5), (6, 6), (7, 1)],  # without the erasure itself nothing says why the first is gone
)
def test_a_payload_that_no_erasure_covers_may_not_be_gone(of_six, edited, position, broken_at):
    ledger, instant = of_six
    ledger.erase(instant, "rule", "A. Person")
    edited(
        "UPDATE payload SET request = NULL, predictors = NULL, answer = NULL, erasure = 7"  # noqa: S608 - our own words
        f" WHERE position = {position}"
    )
    assert ledger.verify().broken_at == broken_at


def test_an_erasure_that_is_no_longer_readable_covers_nothing(of_six, edited, place):
    ledger, instant = of_six
    ledger.erase(instant, "rule", "A. Person")
    byte = r"'\x00'" if isinstance(place, str) else "x'00'"
    edited(f"UPDATE payload SET request = {byte} WHERE position = 7")  # noqa: S608 - our own words
    assert ledger.verify().broken_at == 1


def test_what_was_erased_no_longer_stands_in_the_file(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    marker = b"marker-of-a-patient"
    ledger.append(Entry("x", request=marker * 3000, answer=marker))
    assert any(marker in file.read_bytes() for file in tmp_path.iterdir())
    ledger.erase(now(), "rule", "A. Person")
    assert not any(marker in file.read_bytes() for file in tmp_path.iterdir())
    ledger.close()
    assert not any(marker in file.read_bytes() for file in tmp_path.iterdir())


def test_an_older_ledger_can_be_erased(tmp_path):
    ledger = Ledger(a_first_ledger(tmp_path / "ledger.sqlite", answers=3))
    assert ledger.erase(now(), "rule", "A. Person") == 3
    assert ledger.verify().erased == 3
    ledger.close()


@pytest.mark.parametrize(
    ("before", "reason", "who"),
    [
        (now() + timedelta(days=1), "rule", "A. Person"),
        (datetime(2026, 1, 1), "rule", "A. Person"),  # noqa: DTZ001 - without a zone is meant
        (now(), " ", "A. Person"),
        (now(), "rule", ""),
    ],
)
def test_an_erasure_needs_a_past_instant_a_reason_and_a_person(ledger, before, reason, who):
    with pytest.raises(LedgerError, match="An erasure needs"):
        ledger.erase(before, reason, who)
    assert ledger.head() == 0

"""Threads that wait for the disk share it; one caller's failure is not another's."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from features.errors import LedgerError
from serving.ledger import Entry
from serving.ledger.group_commit import GroupCommit
from serving.ledger.writing import EntryRefused


class Disk:
    """Holds every write until it is released; remembers what came together."""

    def __init__(self):
        self.groups, self.free, self.busy = [], threading.Event(), threading.Event()

    def write(self, entries):
        self.busy.set()
        assert self.free.wait(10)
        ids = [one.entry_id for one in entries]
        if "refused" in ids:
            raise EntryRefused("refused")
        if "full" in ids:
            raise LedgerError("full")
        if "stopped" in ids:
            raise KeyboardInterrupt
        start = sum(map(len, self.groups))
        self.groups.append(ids)
        return list(range(start + 1, start + 1 + len(ids)))


def waiting(group, count):
    for _ in range(1000):
        with group._turn:
            if len(group._waiting) == count:
                return
        threading.Event().wait(0.005)
    raise AssertionError("the callers never arrived")


def together(disk, *ids):
    """Append one entry while nobody waits, the others while it is being written."""
    group = GroupCommit(disk.write)
    with ThreadPoolExecutor(len(ids)) as pool:
        asked = [pool.submit(group.append, [Entry(ids[0])])]
        assert disk.busy.wait(10)
        for number, one in enumerate(ids[1:], start=1):
            asked.append(pool.submit(group.append, [Entry(one)]))
            waiting(group, number)
        disk.free.set()
    return asked


def test_who_waits_while_the_disk_is_busy_is_written_together():
    disk = Disk()
    asked = together(disk, *"abcdef")
    assert disk.groups == [["a"], ["b", "c", "d", "e", "f"]]
    assert [one.result() for one in asked] == [[1], [2], [3], [4], [5], [6]]


def test_an_entry_that_is_refused_does_not_take_the_others_with_it():
    disk = Disk()
    asked = together(disk, "a", "b", "refused", "c")
    assert disk.groups == [["a"], ["b"], ["c"]]
    assert [one.result() for one in asked if one is not asked[2]] == [[1], [2], [3]]
    with pytest.raises(LedgerError, match="refused"):
        asked[2].result()


def test_a_full_disk_is_told_to_everybody_who_waited_for_it():
    disk = Disk()
    asked = together(disk, "a", "b", "full", "c")
    assert asked[0].result() == [1]
    for one in asked[1:]:
        with pytest.raises(LedgerError, match="full"):
            one.result()


@pytest.mark.parametrize("ids", ["a stopped c d", "a b refused stopped d"])
def test_nobody_is_told_of_success_or_waits_for_ever_when_a_thread_is_stopped(ids):
    disk = Disk()
    asked = together(disk, *ids.split())
    written = {one for group in disk.groups for one in group}
    for name, one in zip(ids.split(), asked, strict=True):
        # The thread that happened to write for the others is itself stopped, its own entry written
        # or not: it is told of no success. Nobody else is told of a failure that was none.
        told = isinstance(one.exception(), KeyboardInterrupt) or one.exception() is None
        assert told if name in written else one.exception() is not None
    assert "stopped" not in written


def test_threads_lose_nothing(ledger, an_entry):
    def many(start):
        return [ledger.append(an_entry(number))[0] for number in range(start, start + 20)]

    with ThreadPoolExecutor(8) as pool:
        positions = sorted(at for made in pool.map(many, range(0, 800, 100)) for at in made)
    assert positions == list(range(1, 161))
    assert ledger.verify().entries == 160
    assert ledger.verify().holds


def test_a_thread_with_an_id_that_exists_leaves_the_others_alone(ledger, an_entry):
    ledger.append(an_entry(0))

    def one(number):
        try:
            return ledger.append(an_entry(number))
        except LedgerError:
            return None

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, [0, *range(1, 30), 0]))
    assert found[0] is found[-1] is None
    assert all(found[1:-1])
    assert ledger.verify().entries == 30

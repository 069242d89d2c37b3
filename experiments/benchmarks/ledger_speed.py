"""Speed of the ledger: one append, many threads, the walk along the chain, reading from many.

Everything waits for the disk (SQLite and PostgreSQL with full sync), so figures are read beside the
cost of one fsync here and beside the first ledger, which wrote one commit an answer. Rounds of the
contenders alternate; medians over the rounds are reported.

    python -m experiments.benchmarks.ledger_speed [--rounds 5] [--appends 200] [--entries 100000]
"""

import argparse
import os
import secrets
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from experiments.benchmarks.service_latency import percentile, sync_ms
from serving.ledger import Entry, Kind, Ledger
from tests.first_ledger import FirstLedger
from tests.private_postgres import private_server

THREADS = 16
REQUEST, PREDICTORS, ANSWER = 30_000, 3_000, 8_000  # bytes: 300 measurements, two questions
Append = Callable[[], None]


def of_first(ledger: FirstLedger) -> Append:
    """Return what appends an answer to the first ledger."""
    payload = os.urandom(REQUEST), os.urandom(PREDICTORS), os.urandom(ANSWER)
    return lambda: ledger.append(secrets.token_urlsafe(16), "r" * 64, *payload)


def of_present(ledger: Ledger) -> Append:
    """Return what appends an answer to the present one."""
    payload = os.urandom(REQUEST), os.urandom(PREDICTORS), os.urandom(ANSWER)

    def append() -> None:
        ledger.append(Entry(secrets.token_urlsafe(16), "r" * 64, *payload, subject="c"))

    return append


def one_by_one(ledger: Ledger) -> Append:
    """Return what appends under a lock: the present ledger without its group commit."""
    append, lock = of_present(ledger), threading.Lock()

    def alone() -> None:
        with lock:
            append()

    return alone


def latencies(append: Append, appends: int) -> list[float]:
    """Return the seconds of each append."""
    seconds = []
    for _ in range(appends):
        begun = time.perf_counter()
        append()
        seconds.append(time.perf_counter() - begun)
    return seconds


def throughput(append: Append, appends: int) -> float:
    """Return appends per second of 16 threads."""
    each = max(1, appends // THREADS)
    threads = [threading.Thread(target=latencies, args=(append, each)) for _ in range(THREADS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return each * THREADS / (time.perf_counter() - begun)


def appending(contenders: dict[str, Append], rounds: int, appends: int) -> None:
    """Print latency and throughput of every contender, and ratios to the first."""
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in contenders}
    for append in contenders.values():
        latencies(append, 20)  # warm up
    for _ in range(rounds):
        for name, append in contenders.items():
            seconds = latencies(append, appends)
            rate = throughput(append, 2 * appends)
            found[name].append((percentile(seconds, 0.5), percentile(seconds, 0.99), rate))
    print(f"{'':24} {'p50 ms':>8} {'p99 ms':>8} {'16 threads /s':>14}   ratios to the first")
    first: list[float] = []
    for name, of_round in found.items():
        medians = [statistics.median(column) for column in zip(*of_round, strict=True)]
        first = first or medians
        ratios = " ".join(f"{mine / its:6.2f}" for mine, its in zip(medians, first, strict=True))
        print(f"{name:24} {medians[0]:8.2f} {medians[1]:8.2f} {medians[2]:14.0f}   {ratios}")


def verifying(name: str, ledger: Ledger) -> None:
    """Print what the walk along the chain costs."""
    begun = time.perf_counter()
    verdict = ledger.verify()
    seconds = time.perf_counter() - begun
    if not verdict.holds:
        raise SystemExit(f"{name}: {verdict}")
    per = 100_000 * seconds / verdict.entries
    print(f"verify {name}: {verdict.entries} entries in {seconds:.1f} s, {per:.1f} s a 100,000")


def filled(ledger: Ledger, entries: int) -> None:
    """Write so many small entries of a hundred subjects, a thousand a commit."""
    kinds = (Kind.EVENT, Kind.EVENT, Kind.ANSWER, Kind.SEEN)
    for low in range(0, entries, 1000):
        many = [
            Entry(f"e-{at}", request=b"{}" * 500, kind=kinds[at % 4], subject=f"c-{at % 5000}")
            for at in range(low, min(low + 1000, entries))
        ]
        ledger.append(*many)


def reading(name: str, ledger: Ledger, entries: int) -> None:
    """Print what one question to a large ledger costs."""
    asked: dict[str, Callable[[], object]] = {
        "by id": lambda: ledger.read(f"e-{secrets.randbelow(entries)}"),
        "of a subject": lambda: ledger.of_subject(f"c-{secrets.randbelow(5000)}"),
        "of a subject, one kind": lambda: ledger.of_subject(
            f"c-{secrets.randbelow(5000)}", Kind.SEEN
        ),
        "latest of a subject": lambda: ledger.latest(
            Kind.EVENT, subject=f"c-{secrets.randbelow(5000)}"
        ),
        "latest of a kind": lambda: ledger.latest(Kind.ANSWER),
        "latest of an absent kind": lambda: ledger.latest(Kind.LIVE),
        "head": ledger.head,
    }
    for words, ask in asked.items():
        seconds = []
        for _ in range(50):
            begun = time.perf_counter()
            ask()
            seconds.append(time.perf_counter() - begun)
        p50, p99 = percentile(seconds, 0.5), percentile(seconds, 0.99)
        print(f"read {name}, {entries} entries, {words}: p50 {p50:.2f} ms, p99 {p99:.2f} ms")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--appends", type=int, default=200)
    parser.add_argument("--entries", type=int, default=100_000)
    parsed = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(private_server(""))
        ledgers = {"sqlite": Ledger(folder / "l"), "postgresql": Ledger(server.address())}
        for ledger in ledgers.values():
            stack.callback(ledger.close)
        print(f"one fsync on this disk: {sync_ms(folder):.2f} ms; load {os.getloadavg()[0]:.1f}")
        contenders = {
            "first ledger, sqlite": of_first(FirstLedger(folder / "first")),
            "sqlite": of_present(ledgers["sqlite"]),
            "sqlite, no group": one_by_one(ledgers["sqlite"]),
            "postgresql": of_present(ledgers["postgresql"]),
            "postgresql, no group": one_by_one(ledgers["postgresql"]),
        }
        appending(contenders, parsed.rounds, parsed.appends)
        for name, ledger in ledgers.items():
            verifying(f"{name}, 41 kB each", ledger)
        large = Ledger(folder / "large")
        stack.callback(large.close)
        filled(large, parsed.entries)
        reading("sqlite", large, parsed.entries)
        verifying("sqlite, 1 kB each", large)


if __name__ == "__main__":
    main()

"""The figures that the service is held to, side by side in one run: asked and got.

An empty BentoML endpoint, one bare prediction by `mlflow models serve`, and the service (300
measurements at day 3, two questions, contributions, interval, ledger with full sync) take turns;
medians over the rounds are printed, with the load of the machine.

    python -m experiments.benchmarks.service [--release DIR] [--rounds 5] [--requests 200]
        [--memory 5000 | --long] [--no-mlflow]

Memory is watched over so many requests; `--long` asks the full 100,000.
"""

import argparse
import gc
import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from experiments.benchmarks.service_latency import (
    ROOT,
    a_release_in,
    a_request,
    asked,
    percentile,
    service,
    sync_ms,
    throughput,
)

LONG = 100_000
CHUNK_COURSES = 640


@contextmanager
def mlflow_serving(release: Path, folder: Path):
    """Serve one model of the release as MLflow does, with nothing but its prediction."""
    import mlflow.pyfunc

    from models.risk_model import RiskModel

    place = sorted((release / "models").iterdir())[0]
    mlflow.pyfunc.save_model(
        folder / "mlflow_model", loader_module="training.pyfunc", data_path=str(place),
        pip_requirements=[],
    )  # fmt: skip
    port = _free_port()
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder / "mlflow_model"),
         "--env-manager", "local", "--port", str(port), "--workers", "1"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": _path()},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    names = list(RiskModel.load(place).predictors.names())
    row = {"dataframe_split": {"columns": names, "data": [[1.0] * len(names)]}}
    try:
        _wait(port, process)
        yield port, "/invocations", json.dumps(row).encode()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)  # a group of its own: it starts a server
        process.wait(30)


def _path() -> str:
    """Return where MLflow finds the server that it starts."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"


def _free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _wait(port: int, process: subprocess.Popen) -> None:
    while process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/ping")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("mlflow models serve ended by itself")


def batch_rates(release: Path, folder: Path, rows: int) -> tuple[float, float]:
    """Return courses a second of one core's time, and on the clock, ledger included."""
    from models.release import load_release
    from serving.answer import Desk
    from serving.batch.chunk import Chunk, Line
    from serving.batch.lines import MOST_LINES
    from serving.errors import body_of
    from serving.ledger import Ledger

    desk = Desk(load_release(release), Ledger(folder / f"batch-{rows}.sqlite"), demo=True)
    chunk, body = Chunk(desk, "en", 2**21, body_of), a_request(rows)
    lines = [Line(at + 1, body) for at in range(MOST_LINES)]
    answered = json.loads(chunk.answered(lines)[0])
    if any(one["explanation"] is None for one in answered["answers"]):
        raise SystemExit("the batch gave no contributions")
    gc.collect()
    gc.freeze()  # as the service does once it has started
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(CHUNK_COURSES // MOST_LINES):
        chunk.answered(lines)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    desk.close()
    return CHUNK_COURSES / cpu, CHUNK_COURSES / wall


def worker_mb() -> float:
    """Return the memory of all processes that this one started."""
    every = psutil.Process().children(recursive=True)
    return sum(one.memory_info().rss for one in every) / 2**20


def table(found: dict, starts: dict, rates: dict, memory: tuple[int, float, float]) -> None:
    """Print what was asked and what was got."""
    empty, answer, bare = found["empty"], found["answer"], found.get("mlflow")
    rows = [
        ("p50, times empty", "<= 2.5", answer[0] / empty[0]),
        ("p99, times empty's", "<= 5", answer[1] / empty[1]),
        ("16 connections, share of empty", ">= 0.45", answer[2] / empty[2]),
        ("start to ready, times empty", "<= 2", starts["answer"] / starts["empty"]),
        ("batch, 60 rows, courses/s of a core", ">= 1500", rates[60][0]),
        ("batch, 300 rows, courses/s of a core", ">= 700", rates[300][0]),
    ]
    if bare:
        rows.insert(2, ("p50, times mlflow's bare prediction", "<= 0.7", answer[0] / bare[0]))
    print(f"{'':38} {'asked':>9} {'got':>9}")
    for name, wanted, got in rows:
        sign, limit = wanted.split()
        held = got <= float(limit) if sign == "<=" else got >= float(limit)
        print(f"{name:38} {wanted:>9} {got:9.2f}  {'' if held else 'MISSED'}")
    print(f"memory over {memory[0]} requests: {memory[1]:.0f} MB, then {memory[2]:.0f} MB")
    for name, (p50, p99, rate) in found.items():
        print(f"{name:8} p50 {p50:7.2f} ms  p99 {p99:7.2f} ms  16 connections {rate:6.0f}/s")
    for rows_each, (core, clock) in rates.items():
        print(f"batch of {rows_each} rows: {core:.0f}/s of a core, {clock:.0f}/s on the clock")


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--memory", type=int, default=5000)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--no-mlflow", action="store_true")
    said = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        release = said.release or a_release_in(folder)
        home = folder / "home"
        home.mkdir()
        rates = {
            rows: tuple(
                statistics.median(column)
                for column in zip(
                    *(batch_rates(release, _fresh(folder, rows, at), rows)
                      for at in range(said.rounds)), strict=True,
                )
            )
            for rows in (60, 300)
        }  # fmt: skip
        empty = stack.enter_context(
            service("experiments.benchmarks.empty_service:Empty", "/nothing", home)
        )
        answering = stack.enter_context(
            service(
                "serving.service:VigiCell", "/v1/risk", home, VIGICELL_RELEASE=str(release),
                VIGICELL_DEMO="1", VIGICELL_LEDGER=str(folder / "ledger.sqlite"),
            )
        )  # fmt: skip
        asking = {
            "empty": (empty[0], empty[1], b"{}"),
            "answer": (answering[0], answering[1], a_request()),
        }
        if not said.no_mlflow:
            asking["mlflow"] = stack.enter_context(mlflow_serving(release, folder))
        rounds: dict[str, list[tuple[float, float, float]]] = {name: [] for name in asking}
        for each in asking.values():
            asked(*each, 30)  # warm up
        for _ in range(said.rounds):
            for name, each in asking.items():
                seconds = asked(*each, said.requests)
                rate = throughput(*each, said.requests)
                rounds[name].append((percentile(seconds, 0.5), percentile(seconds, 0.99), rate))
        found = {
            name: [statistics.median(column) for column in zip(*each, strict=True)]
            for name, each in rounds.items()
        }
        many, before = LONG if said.long else said.memory, worker_mb()
        asked(*asking["answer"], many)
        table(
            found, {"empty": empty[2], "answer": answering[2]}, rates, (many, before, worker_mb())
        )
        print(f"one fsync {sync_ms(folder):.2f} ms; load {os.getloadavg()[0]:.1f}")


def _fresh(folder: Path, rows: int, at: int) -> Path:
    made = folder / f"batch-{rows}-{at}"
    made.mkdir()
    return made


if __name__ == "__main__":
    main()

"""Latency of one answer beside an empty BentoML endpoint, both on loopback in the same run.

The request holds 300 measurements at day 3 and asks two questions; the answer holds contributions,
interval and tier and is written to the ledger with full sync. Rounds alternate between the two
services, and the medians over the rounds are reported.

    python -m experiments.benchmarks.service_latency [--release DIR] [--rounds 5] [--requests 200]

Without a release a small one is fitted to made-up rows (20 refits, 15 trees).
"""

import argparse
import http.client
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from features.inputs import INPUTS
from serving.access.keys import KeyFile

ROOT = Path(__file__).resolve().parents[2]
KEYS = tempfile.TemporaryDirectory()  # one key for the run
TOKEN = KeyFile(Path(KEYS.name) / "keys.json").add("benchmark", "clinician")
QUESTIONS = ["severe-crs-72h", "severe-icans-72h"]
MEASURED = (
    "crp_mg_l", "ferritin_ng_ml", "platelets_10e9_l", "ldh_u_l", "temperature_c", "anc_10e9_l",
    "creatinine_mg_dl", "haemoglobin_g_dl", "sbp_mmhg", "heart_rate_per_min", "spo2_percent",
    "ice_score",
)  # fmt: skip


def a_request(rows: int = 300) -> bytes:
    """Return a made-up course with so many measurements up to day 3."""
    rng = random.Random(1)  # noqa: S311 - a made-up patient
    measurements = []
    for at in range(rows):
        one = INPUTS[MEASURED[at % len(MEASURED)]]
        low, high = one.plausible
        day = -1.0 + 4.0 * (at // len(MEASURED)) / (rows // len(MEASURED) + 1)
        value = low + (high - low) * rng.uniform(0.1, 0.4)
        measurements.append(
            {"input": one.name, "value": round(value, 2), "unit": one.unit, "day": round(day, 3)}
        )
    return json.dumps(
        {
            "course": {"product": "axi-cel", "diagnosis": "LBCL", "age_years": 61},
            "measurements": measurements,
            "grades": [
                {"toxicity": "CRS", "grade": 1, "day": 2.0},
                {"toxicity": "ICANS", "grade": 0, "day": 2.0},
            ],
            "landmark": 3.0,
            "questions": QUESTIONS,
        }
    ).encode()


@contextmanager
def service(name: str, path: str, home: Path, **more: str):
    """Start a service, wait until it is ready, and give its port; stop it afterwards."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    environment = {**os.environ, "HOME": str(home), "OMP_NUM_THREADS": "1", **more}
    environment.update(BENTOML_HOME=str(home / "bentoml"), BENTOML_DO_NOT_TRACK="true")
    started = time.perf_counter()
    command = [sys.executable, "-m", "bentoml", "serve", name, "--port", str(port)]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--host", "127.0.0.1"], cwd=ROOT, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not _ready(port):
            if process.poll() is not None:
                raise SystemExit(f"{name} ended by itself")
            time.sleep(0.05)
        yield port, path, time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _ready(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False


def asked(port: int, path: str, body: bytes, requests: int) -> list[float]:
    """Return the seconds of each request over one kept-alive connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"}
    seconds = []
    for _ in range(requests):
        begun = time.perf_counter()
        connection.request("POST", path, body, headers)
        reply = connection.getresponse()
        content = reply.read()
        seconds.append(time.perf_counter() - begun)
        if reply.status != 200:
            raise SystemExit(f"{path}: {reply.status} {content[:300]!r}")
    connection.close()
    return seconds


def throughput(port: int, path: str, body: bytes, requests: int, connections: int = 16) -> float:
    """Return answers per second over 16 connections."""
    each = max(1, requests // connections)
    threads = [
        threading.Thread(target=asked, args=(port, path, body, each)) for _ in range(connections)
    ]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return each * connections / (time.perf_counter() - begun)


def percentile(seconds: list[float], share: float) -> float:
    """Return a percentile in milliseconds."""
    ordered = sorted(seconds)
    return 1000.0 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def sync_ms(folder: Path, times: int = 50) -> float:
    """Return what one write with fsync costs on this disk: below it no recorded answer can go."""
    seconds = []
    with (folder / "sync").open("wb") as file:
        for _ in range(times):
            file.write(b"x" * 40_000)
            file.flush()
            begun = time.perf_counter()
            os.fsync(file.fileno())
            seconds.append(time.perf_counter() - begun)
    return 1000.0 * statistics.median(seconds)


def a_release_in(folder: Path) -> Path:
    """Fit a small release to made-up rows."""
    from tests.serving.small_release import a_release

    return a_release(folder, asked=tuple(QUESTIONS))


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    parsed = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        release = parsed.release or a_release_in(folder)
        home = folder / "home"
        home.mkdir()
        empty = stack.enter_context(
            service("experiments.benchmarks.empty_service:Empty", "/nothing", home)
        )
        answering = stack.enter_context(
            service(
                "serving.service:VigiCell", "/v1/risk", home, VIGICELL_RELEASE=str(release),
                VIGICELL_DEMO="1", VIGICELL_LEDGER=str(folder / "ledger.sqlite"),
                VIGICELL_HOME=KEYS.name,
            )
        )  # fmt: skip
        bodies = {"empty": b"{}", "answer": a_request()}
        ports = {"empty": empty, "answer": answering}
        disk_ms = sync_ms(folder)
        found: dict[str, list[tuple[float, float, float]]] = {"empty": [], "answer": []}
        for name, (port, path, _) in ports.items():
            asked(port, path, bodies[name], 30)  # warm up
        for _ in range(parsed.rounds):
            for name, (port, path, _) in ports.items():
                seconds = asked(port, path, bodies[name], parsed.requests)
                rate = throughput(port, path, bodies[name], parsed.requests)
                found[name].append((percentile(seconds, 0.5), percentile(seconds, 0.99), rate))
    print(f"{'':8} {'p50 ms':>8} {'p99 ms':>8} {'16 conn /s':>11} {'start s':>8}")
    medians = {}
    for name, rounds in found.items():
        medians[name] = [statistics.median(column) for column in zip(*rounds, strict=True)]
        p50, p99, rate = medians[name]
        print(f"{name:8} {p50:8.2f} {p99:8.2f} {rate:11.0f} {ports[name][2]:8.1f}")
    print(f"one fsync on this disk: {disk_ms:.2f} ms; load {os.getloadavg()[0]:.1f}")
    ratios = [b / a for a, b in zip(medians["empty"], medians["answer"], strict=True)]
    print(f"{'ratio':8} {ratios[0]:8.2f} {ratios[1]:8.2f} {ratios[2]:11.2f}")


if __name__ == "__main__":
    main()

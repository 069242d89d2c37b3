"""The command line of the service: arguments, printing and exit codes.

``python -m serving serve [--demo] [--release DIR] [--port N]`` starts the service,
``python -m serving score FILE`` answers the requests in a file, ``python -m serving ledger``
checks, copies, exports or erases what is recorded, ``keys`` says who may ask, ``settings`` drafts
the settings file, and ``doctor`` checks the whole installation.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from features.errors import VigiCellError
from features.telemetry import switch_off_telemetry
from serving.first_key import first_key_words
from serving.ledger import Ledger
from serving.ledger_verbs import add_ledger_verbs
from serving.replies import RiskAnswer
from serving.settings import Settings
from serving.site_verbs import add_key_verbs, add_settings_verb

STOPPED_BY_HAND = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return its exit code."""
    parsed = _parser().parse_args(arguments)
    switch_off_telemetry()
    try:
        if parsed.verb is _doctor:
            return _doctor(parsed)
        settings = Settings.from_environment(_environment(parsed))
        return int(parsed.verb(parsed, settings))
    except VigiCellError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Stopped. Answers given so far are in the ledger.", file=sys.stderr)
        return STOPPED_BY_HAND


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--release", help="directory of a release (default: the model store)")
    shared.add_argument("--demo", action="store_true", help="let synthetic models answer, marked")
    shared.add_argument(
        "--ledger", help="where answers are recorded: a file, or postgresql://USER@HOST/DATABASE"
    )
    parser = argparse.ArgumentParser(prog="python -m serving", description="The VigiCell service.")
    verbs = parser.add_subparsers(required=True)
    serve = verbs.add_parser("serve", parents=[shared], help="start the service")
    serve.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    serve.add_argument("--port", help="port to listen on (default 3000)")
    serve.add_argument("--bento", type=Path, help="directory of a built bento, which answers then")
    serve.set_defaults(verb=_serve)
    score = verbs.add_parser("score", parents=[shared], help="answer the requests in a file")
    score.add_argument("file", type=Path, help="JSON: one request or a list of them; - is stdin")
    score.add_argument("--url", help="ask a running service instead, e.g. http://127.0.0.1:3000")
    score.add_argument("--json", action="store_true", help="print the answers as JSON lines")
    score.set_defaults(verb=_score)
    add_ledger_verbs(verbs, shared).set_defaults(verb=_ledger)
    for of_the_site in (add_key_verbs(verbs), add_settings_verb(verbs)):
        of_the_site.set_defaults(verb=_site)
    doctor = verbs.add_parser("doctor", parents=[shared], help="check the whole installation")
    doctor.add_argument("--port", help="port of the service (default 3000)")
    doctor.set_defaults(verb=_doctor)
    return parser


def _environment(parsed: argparse.Namespace) -> dict[str, str]:
    """Return the environment with what the command line says on top."""
    said = {
        f"VIGICELL_{name.upper()}": getattr(parsed, name, None)
        for name in ("release", "ledger", "host", "port")
    }
    if getattr(parsed, "demo", False):
        said["VIGICELL_DEMO"] = "1"
    return {**os.environ, **{key: value for key, value in said.items() if value is not None}}


def _serve(parsed: argparse.Namespace, settings: Settings) -> int:
    from serving.opening import (
        opened_release,
        require_free_port,
    )  # reads models: only for the verbs that need them

    opened_release(settings)  # what cannot be trusted stops the start here, with its reason
    Ledger(settings.ledger).close()
    require_free_port(settings)
    served = "serving.service:VigiCell" if parsed.bento is None else str(parsed.bento.absolute())
    command = [
        sys.executable, "-m", "bentoml", "serve", served,
        "--host", settings.host, "--port", str(settings.port),
    ]  # fmt: skip
    environment = _environment(parsed) | _as_absolute(settings)
    told = first_key_words(settings)
    if told:
        print(told)
    os.chdir(Path(__file__).resolve().parents[1])  # where the packages lie; paths are absolute now
    sys.stdout.flush()
    # Replaces this process, so that a signal to stop reaches the server itself.
    os.execve(command[0], command, environment)  # noqa: S606 - our own fixed command
    return 0


def _as_absolute(settings: Settings) -> dict[str, str]:
    """Return the variables that hold paths, as they were meant from here."""
    paths = {
        "VIGICELL_HOME": settings.home,
        "VIGICELL_SETTINGS": settings.file,
        "VIGICELL_KEYS": settings.keys,
        "VIGICELL_LEDGER": settings.ledger,
        "VIGICELL_RELEASE": settings.release,
        "VIGICELL_SITE_MAPPING": settings.site_mapping,
        "VIGICELL_LIMITS_STATUS": settings.limits_status,
    }
    return {name: str(path) for name, path in paths.items() if path is not None}


def _score(parsed: argparse.Namespace, settings: Settings) -> int:
    from serving.opening import TOKEN, answers_from_desk, answers_from_url, requests_in
    from serving.reading import as_text

    requests = requests_in(sys.stdin.read() if str(parsed.file) == "-" else _text(parsed.file))
    answers = (
        answers_from_url(parsed.url, requests, os.environ.get(TOKEN, "").strip())
        if parsed.url
        else answers_from_desk(settings, requests)
    )
    for number, answer in enumerate(answers):
        if parsed.json:
            print(answer.decode())
        else:
            print("\n" + "-" * 78 + "\n" if number else "", end="")
            print(as_text(RiskAnswer.model_validate_json(answer)))
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        raise VigiCellError(
            f"{path.name} cannot be read ({type(reason).__name__}). Name a UTF-8 JSON file."
        ) from reason


def _ledger(parsed: argparse.Namespace, settings: Settings) -> int:
    print(parsed.ledger_verb(parsed, settings))
    return 0


def _site(parsed: argparse.Namespace, settings: Settings) -> int:
    print(parsed.said(parsed, settings))
    return 0


def _doctor(parsed: argparse.Namespace) -> int:
    from serving.doctor import examined  # reads models and the ledger: only for this verb

    findings = examined(_environment(parsed))
    for one in findings:
        print(one)
    return 2 if any(one.failed for one in findings) else 0


if __name__ == "__main__":
    raise SystemExit(main())

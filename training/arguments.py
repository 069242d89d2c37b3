"""What can be typed after `python -m training`: verbs, their options, and the help."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from features.questions import QUESTIONS
from features.sources import SOURCES, options_of, place_of
from features.sources.options import option_lines

_DESCRIPTION = """\
Make, judge and release a risk model of severe CRS and ICANS after CAR-T therapy.

From your own records to a model, in this order:
  example csv FOLDER      write a small made-up cohort as CSV: see what the tables look like
  map FILES --out FILE    or draft what your own spreadsheets mean, in whatever layout
  import csv FOLDER DEST  read CSV files, check every row, write a cohort directory
  check DEST              count what it holds and what is left out, by rule
  audit DEST              look for leaks before anything is fitted
  fit --question QUESTION --cohort DEST
                          audit, tune, fit and judge by the default plan (or --plan FILE);
                          the run goes to MLflow
  promote QUESTION        let it pass the gate to champion
  card QUESTION@champion --out DIR
                          write what others ask of a model: facts, lists, limits
  export                  build the release that `python -m serving serve` answers with

`demo` does all of it on synthetic courses in some minutes."""

_EPILOG = """\
Everything is written below the folder that VIGICELL_WORK names (default ./work): models,
releases, and MLflow's store unless MLFLOW_TRACKING_URI names another. `ui` shows the runs.
Exit codes: 0 done, 2 a message says what to mend, 3 the audit refuses, 4 the gate
refuses or the limits of a silent model are not met (yet)."""


def parser() -> argparse.ArgumentParser:
    """Return the parser; `verb` of what it parses is the name of the verb."""
    top = argparse.ArgumentParser(
        prog="python -m training",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = top.add_subparsers(required=True, metavar="VERB")
    _cohort_verbs(verbs)
    _looking_verbs(verbs)
    _model_verbs(verbs)
    _release_verbs(verbs)
    return top


def _whole(lowest: int, highest: int | None = None) -> Callable[[str], int]:
    """Return a reader of whole numbers; argparse says what came and what is legal."""
    legal = f"{lowest} or more" if highest is None else f"{lowest} to {highest}"

    def whole_number(text: str) -> int:
        number = int(text) if text.lstrip("-").isdecimal() else None
        if number is None or number < lowest or (highest is not None and number > highest):
            raise argparse.ArgumentTypeError(f"{text} is no whole number from {legal}")
        return number

    return whole_number


class _HelpOfSources(argparse.Action):
    """Help with the options of the source that was named, or of all; reads them only then."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Print the help and exit."""
        named = getattr(namespace, "source", None)
        parser.epilog = "\n\n".join(
            "\n".join([f"--option of {source}:", *(f"  {line}" for line in lines)])
            for source in ([named] if named in SOURCES else SOURCES)
            for lines in [option_lines(options_of(source))]
        )
        parser.print_help()
        parser.exit()


def _cohort_verbs(verbs: Any) -> None:
    one = verbs.add_parser(
        "import",
        help="read records from elsewhere into a cohort directory",
        add_help=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.add_argument(
        "-h", "--help", action=_HelpOfSources, nargs=0,
        help="show this, with the options of SOURCE, or of every source, and exit",
    )  # fmt: skip
    one.add_argument(
        "source", help="csv, fhir, omop or meds (your own); bwh, nulisa or unicar (public)"
    )
    one.add_argument(
        "path", type=place_of, help="file or folder; of OMOP also postgresql://USER@HOST/DATABASE"
    )
    one.add_argument("destination", type=Path, help="cohort directory to write")
    one.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="option of the source, e.g. resolution=day or mapping=FILE; may be repeated; below",
    )
    one.add_argument(
        "--format", choices=["parquet", "csv"], default="parquet", help="how tables are written"
    )
    one.set_defaults(verb="import")
    one = verbs.add_parser("map", help="draft what the files of a site mean, for import csv")
    one.add_argument(
        "paths", type=Path, nargs="+", metavar="path",
        help="a folder, a file, or several files of one folder (.csv, .tsv, .xlsx)",
    )  # fmt: skip
    one.add_argument("--out", type=Path, required=True, help="mapping.toml to write")
    one.set_defaults(verb="map")
    one = verbs.add_parser("example", help="write CSV files to learn from or to fill")
    one.add_argument("source", choices=["csv"])
    one.add_argument("destination", type=Path, help="new folder")
    one.add_argument("--template", action="store_true", help="empty files with their dictionary")
    one.add_argument("--courses", type=_whole(1), default=200)
    one.set_defaults(verb="example")
    one = verbs.add_parser("products", help="print the catalogue of CAR-T products")
    one.add_argument("name", nargs="?", help="one product in full, by any of its names")
    one.set_defaults(verb="products")
    one = verbs.add_parser("synthesize", help="write a synthetic cohort with known true risks")
    one.add_argument("destination", type=Path, help="cohort directory to write")
    one.add_argument("--courses", type=_whole(1), default=2000)
    one.add_argument("--seed", type=_whole(0), default=1)
    one.add_argument("--replace", action="store_true", help="replace a cohort that stands there")
    one.set_defaults(verb="synthesize")


def _looking_verbs(verbs: Any) -> None:
    one = verbs.add_parser("check", help="count what a cohort holds and what breaks a rule")
    one.add_argument("cohort", type=Path, help="cohort directory, or folder of CSV files")
    one.add_argument("--rejected", type=Path, help="file.csv for the rows that break a rule")
    one.set_defaults(verb="check")
    one = verbs.add_parser("audit", help="look for leaks: would a model be fooled here?")
    one.add_argument("cohort", type=Path, nargs="?", help="cohort directory; the plan's without")
    asked = one.add_mutually_exclusive_group()
    asked.add_argument(
        "--question", default="severe-crs-72h", help=f"one of {', '.join(QUESTIONS)}"
    )
    asked.add_argument("--plan", type=Path, help="TOML file: its cohort, question and overrides")
    one.add_argument("--html", type=Path, help="also write the report as a page")
    one.add_argument("--json", type=Path, help="also write the report as JSON")
    one.set_defaults(verb="audit")
    one = verbs.add_parser("grade", help="grade CRS and ICANS from raw findings, beside the hand")
    one.add_argument("cohort", type=Path, help="cohort directory")
    one.add_argument("--out", type=Path, help="file.csv for every grading, with rule and findings")
    one.add_argument(
        "--disagreements", type=Path, help="file.csv for gradings by hand that do not agree"
    )
    one.set_defaults(verb="grade")
    one = verbs.add_parser("share", help="write a cohort for others: as tables or as MEDS")
    one.add_argument("cohort", type=Path, help="cohort directory")
    one.add_argument("destination", type=Path, help="directory to write")
    one.add_argument(
        "--format", choices=["parquet", "csv", "meds"], default="parquet", help="what is written"
    )
    one.add_argument(
        "--de-identify",
        action="store_true",
        help="no dates, new ids, ages over 89 pooled, small groups noted",
    )
    one.set_defaults(verb="share")
    one = verbs.add_parser("matrix", help="write predictors and outcomes as Parquet or CSV")
    _asks(one)
    one.add_argument("--out", type=Path, required=True, help="file.parquet or file.csv")
    one.set_defaults(verb="matrix")


def _asks(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("cohort", type=Path, help="cohort directory")
    verb.add_argument("--question", default="severe-crs-72h", help=f"one of {', '.join(QUESTIONS)}")


def _model_verbs(verbs: Any) -> None:
    for name, what in (
        ("tune", "search tree parameters and print them, nothing is kept as a model"),
        ("fit", "audit, tune, cross-fit, fit and record a model"),
    ):
        one = verbs.add_parser(name, help=what)
        what_to_fit = one.add_mutually_exclusive_group(required=True)
        what_to_fit.add_argument("--plan", type=Path, help="TOML file")
        what_to_fit.add_argument("--question", help="use the default plan of this question")
        one.add_argument("--cohort", help="cohort directory, instead of the plan's")
        one.add_argument("--workers", type=_whole(1), default=os.cpu_count() or 1, help="processes")
        one.set_defaults(verb=name)
        if name == "fit":
            _untracked(one, "write the model, record no run")
    one = verbs.add_parser(
        "transport", help="fit a plan without each site, product or later year, and judge it there"
    )
    what = one.add_mutually_exclusive_group(required=True)
    what.add_argument("--plan", type=Path, help="TOML file")
    what.add_argument("--question", help="use the default plan of this question")
    one.add_argument("--cohort", help="cohort directory, instead of the plan's")
    one.add_argument("--by", choices=["site", "product", "diagnosis", "year"], required=True)
    one.add_argument("--json", type=Path, help="also write the result as JSON")
    one.add_argument("--workers", type=_whole(1), default=os.cpu_count() or 1, help="processes")
    _untracked(one, "record no run")
    one.set_defaults(verb="transport")
    one = verbs.add_parser("predict", help="write the risks of a cohort's landmarks as CSV")
    _of_model(one)
    one.add_argument("--cohort", type=Path, required=True, help="cohort directory")
    one.add_argument("--out", type=Path, required=True, help="file.csv")
    one.set_defaults(verb="predict")
    one = verbs.add_parser(
        "evaluate", help="judge a model on a cohort it has not seen, or on its silent answers"
    )
    _of_model(one, required=False)
    _of_silence(one)
    one.add_argument("--cohort", type=Path, help="cohort directory; without: how its fit judged it")
    one.add_argument("--json", type=Path, help="also write the evaluation as JSON")
    one.add_argument("--html", type=Path, help="also write it as a page, with pictures")
    one.add_argument("--share", type=Path, help="also write what may leave the hospital, as JSON")
    one.add_argument(
        "--recalibrate",
        action="store_true",
        help="correct it on this cohort (intercept, slope or refit, by events); before and after",
    )
    one.add_argument("--out", type=Path, help="with --recalibrate: directory for the new model")
    one.add_argument("--workers", type=_whole(1), default=os.cpu_count() or 1, help="processes")
    _untracked(one, "record no run")
    one.set_defaults(verb="evaluate")
    _card_verb(verbs)


def _untracked(verb: argparse.ArgumentParser, what: str) -> None:
    verb.add_argument("--no-tracking", action="store_true", help=what)


def _card_verb(verbs: Any) -> None:
    one = verbs.add_parser("card", help="write the evidence pack of a model: facts, lists, limits")
    one.add_argument(
        "model", nargs="?", help="directory, run id, QUESTION@champion or QUESTION/NUMBER"
    )
    one.add_argument("--out", type=Path, metavar="DIR", help="folder for the pack")
    one.add_argument(
        "--statements", type=Path, metavar="FILE", help="TOML: what only a person can say"
    )
    one.add_argument(
        "--elsewhere", type=Path, metavar="FILE", nargs="+", default=[],
        help="what `evaluate --json` and `transport --json` found on other patients",
    )  # fmt: skip
    one.add_argument(
        "--draft-statements", type=Path, metavar="FILE", help="write such a file, all empty"
    )
    one.set_defaults(verb="card")


def _of_silence(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--answers", type=Path, metavar="EXPORT", help="export of a service's ledger")
    verb.add_argument("--limits", type=Path, help="with --answers: limits written beforehand")
    verb.add_argument("--draft-limits", type=Path, metavar="FILE", help="write limits to be signed")


def _of_model(verb: argparse.ArgumentParser, *, required: bool = True) -> None:
    verb.add_argument(
        "--model",
        required=required,
        metavar="MODEL",
        help="risk-model directory, run id, QUESTION@champion, QUESTION@challenger, "
        "QUESTION@simpler or QUESTION/NUMBER",
    )


def _release_verbs(verbs: Any) -> None:
    one = verbs.add_parser("promote", help="let the challenger of a question pass the gate")
    one.add_argument("question", nargs="*", help="one or more questions, or `all`")
    _answers_for(one)
    one.add_argument("--cohort", type=Path, help="cohort for the comparison with the champion")
    one.add_argument(
        "--simpler",
        action="store_true",
        help="promote the comparator that the last fit preferred, in the place of its model",
    )
    one.add_argument(
        "--unseen",
        action="store_true",
        help="hold the champion's own model against it, on patients of the cohort that the "
        "champion has not seen; without, both plans are fitted again on the same folds",
    )
    one.add_argument(
        "--override",
        action="append",
        default=[],
        metavar="RULE",
        help="promote although this rule refuses; who and why are recorded for good",
    )
    one.add_argument(
        "--back",
        action="store_true",
        help="instead: the models of the release before are champions and answer again",
    )
    one.set_defaults(verb="promote")
    one = verbs.add_parser(
        "compare", help="hold runs against the first: better, worse, cannot tell"
    )
    one.add_argument(
        "models",
        nargs="+",
        metavar="MODEL",
        help="risk-model directory, run id, QUESTION@champion, QUESTION@challenger or "
        "QUESTION/NUMBER; the first is what the others are held against",
    )
    one.add_argument(
        "--refit", action="store_true", help="cross-fit every plan on the folds of the first"
    )
    one.add_argument("--cohort", type=Path, help="with --refit: these patients, not the plan's")
    one.add_argument("--html", type=Path, help="also write the comparison as a page")
    one.add_argument("--json", type=Path, help="also write it as JSON")
    one.set_defaults(verb="compare")
    one = verbs.add_parser("history", help="who let which model answer, when and why")
    one.add_argument(
        "--on",
        metavar="WHEN",
        help="which models could answer then: 2026-03-03 (UTC) or 2026-03-03T14:00+01:00",
    )
    one.set_defaults(verb="history")
    one = verbs.add_parser("export", help="build the release of all champions")
    _answers_for(one)
    one.add_argument(
        "--only", nargs="+", default=[], metavar="QUESTION", help="only these; all by default"
    )
    one.add_argument("--to", type=Path, metavar="DIR", help="only write this directory")
    one.set_defaults(verb="export")
    one = verbs.add_parser("ui", help="show the runs in MLflow's own pages")
    one.add_argument("--port", type=_whole(1, 65535), default=5000)
    one.set_defaults(verb="ui")
    one = verbs.add_parser("demo", help="the whole chain on synthetic courses")
    one.add_argument("--courses", type=_whole(1), default=1500)
    one.add_argument("--trials", type=_whole(0), default=10)
    one.set_defaults(verb="demo")


def _answers_for(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--who", required=True, help="name or role of the person who decides")
    verb.add_argument("--why", required=True, help="the reason, in words")

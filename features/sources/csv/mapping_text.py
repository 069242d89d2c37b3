"""The draft of a mapping as TOML, with every guess and its reason beside it."""

import json
import tomllib
from collections.abc import Mapping

from features.inputs import INPUTS
from features.sources.csv.code_guesses import Entry
from features.sources.csv.grades_and_flags import FLAG_WORDS, GRADE_WORDS
from features.sources.csv.headings import GRADES
from features.sources.csv.mapping_draft import FileDraft
from features.sources.csv.places import FACT_UNITS, IGNORED, ROWS
from features.sources.csv.row_kinds import RowsGuess
from features.sources.csv.site_dates import LOOKS
from features.sources.shared_words import SHARED_BY
from features.tables import AGENTS, END_OF_RECORD, GRADING_SYSTEMS, TABLES

_HEAD = """\
# What the files of a site mean; drafted from headings and values, to be corrected by a person.
# Every line that says "guess" is one. An empty text ("") is a question: the import refuses until it
# is filled, or its line deleted. A column that has no place stands in `ignored` and is not read.
# Then:  python -m training import csv {path} COHORT --option mapping=THIS_FILE
"""


def mapping_text(path: str, name: str, files: list[FileDraft]) -> str:
    """Return the text of the mapping file for the files at `path`."""
    return "\n".join(
        [_HEAD.format(path=path), *_settings(name, files), *(_file(one) for one in files)]
    )


def open_questions(text: str) -> int:
    """Count the empty texts of a mapping: what a person has to say before the import reads it."""
    return _empty(tomllib.loads(text))


def _empty(stated: object) -> int:
    if isinstance(stated, Mapping):
        return sum((not key.strip()) + _empty(entry) for key, entry in stated.items())
    if isinstance(stated, list):
        return sum(map(_empty, stated))
    return int(stated == "")


def _settings(name: str, files: list[FileDraft]) -> list[str]:
    with_hour = [one.infusions_with_hour for one in files if one.infusions_with_hour is not None]
    whole_days = any(one.day_numbers for one in files)
    hours = bool(with_hour) and all(with_hour) and not whole_days
    lines = [f"name = {_quoted(name)}"]
    if hours:
        lines.append('resolution = "instant"  # guess: infusions carry an hour; else "day"')
    else:
        why = "infusions carry no hour" if with_hour else "no infusion is dated"
        why = "days are counted as whole numbers" if whole_days else why
        lines.append(f'resolution = "day"  # guess: {why}; "instant" where days carry hours')
    zoneless = sum(one.zoneless_hours for one in files)
    if hours and zoneless:
        lines.append(f'time_zone = ""  # {zoneless} clock times name no zone; as "Asia/Shanghai"')
    else:
        lines.append('# time_zone = "Asia/Shanghai"  # of clock times that name none')
    lines += [
        f'end_of_record = "censored"  # guess; one of {", ".join(END_OF_RECORD)}',
        f'grading_system = "ASTCT"  # guess; one of {", ".join(GRADING_SYSTEMS)}',
        "# [delays]  # days from taken to known, by input, where no column says when",
        "# ferritin_ng_ml = 0.2",
        "",
    ]
    if not any(entry.meaning == "product" for one in files for entry in one.entries):
        lines += [
            "[same_for_all]",
            'product = ""  # no column holds it; `python -m training products` lists the names',
            "",
        ]
    return lines


def _file(one: FileDraft) -> str:
    rows, columns = one.size
    lines = ["[[file]]", f"name = {_quoted(one.name)}"]
    if one.sheet:
        lines.append(f"sheet = {_quoted(one.sheet)}")
    lines.append(_rows(one.rows, f"{rows} rows, {columns} columns"))
    if one.rows.kind == IGNORED:
        return "\n".join([*lines, *_not_understood(one), ""])
    lines.append(f"header_row = {one.header_row}")
    lines += [*_how_it_is_written(one), *_ignored(one)]
    lines += ["", "[file.columns]", *_inline(one.entries)]
    lines += _unnamed(one)
    if one.codes.tests or one.codes.hidden_tests:
        lines += ["", "[file.tests]", *_inline(one.codes.tests)]
    if one.codes.hidden_tests:
        lines.append(
            f"# {one.codes.hidden_tests} rows hold names that fewer than {SHARED_BY} patients "
            "share; they are not shown here."
        )
    if one.codes.units:
        lines += ["", "[file.units]"]
        lines += [f'{_quoted(word)} = ""  # {remark}' for word, remark in one.codes.units]
    for entry in one.entries:
        lines += _with_words(entry)
    return "\n".join([*lines, ""])


def _rows(guess: RowsGuess, size: str) -> str:
    why = f"; {guess.why}" if guess.why else ""
    if guess.kind:
        return f"rows = {_quoted(guess.kind)}  # guess: {size}{why}"
    return (
        f'rows = ""  # {size}; {guess.why}. Fill it: "patients" where a row is a course, "days" '
        'where it is a day, else "results" | "treatments" | "ignored"'
    )


def _unnamed(one: FileDraft) -> list[str]:
    """Ask for the columns that a file needs and none of its headings is known to be."""
    lines = []
    if not one.names_patients:
        lines.append(
            '"" = { is = "patient_id" }  # no heading is a known name of the patient: write it here'
        )
    if one.missing_day:
        otherwise = "" if one.rows.kind else ', or delete the line if rows = "patients"'
        lines.append(
            f'" " = {{ is = {_quoted(one.missing_day)} }}  # no heading is a known name for it: '
            f'write it here, with dates = "iso" or another style if it holds dates{otherwise}'
        )
    return lines


def _not_understood(one: FileDraft) -> list[str]:
    """List the headings of a file that is not read, and show how one is mapped."""
    if not one.ignored:
        return ["# No row tells what this is. Give its columns headings, or leave it out."]
    heading = _quoted(one.ignored[0][0])
    rows = " | ".join(_quoted(kind) for kind in ROWS if kind != IGNORED)
    return [
        f"header_row = {one.header_row}  # guess",
        *_encoding(one),
        *_ignored(one),
        f"# It is not read. To read it say rows ({rows})",
        "# and what its columns are, for instance:",
        "# [file.columns]",
        f'# {heading} = {{ is = "patient_id" }}',
        '# "HEADING" = { is = "day", dates = "day_first" }',
        '# "HEADING" = { is = "crp_mg_l", unit = "mg/L" }',
    ]


def _encoding(one: FileDraft) -> list[str]:
    if not one.encoding:
        return []
    alone = len(one.encodings) == 1
    why = "" if alone else f"  # guess: the bytes read as {' and as '.join(one.encodings)}"
    return [
        f"encoding = {_quoted(one.encoding)}{why}",
        f"delimiter = {_quoted(one.delimiter)}",
    ]


def _how_it_is_written(one: FileDraft) -> list[str]:
    lines = _encoding(one)
    sign, why = one.numbers.decimal, one.numbers.why
    lines.append(f"decimal = {_quoted(sign)}  # {'guess: ' if sign else ''}{why}")
    return (
        lines
        + [_thousands(mark, count, sign) for mark, count in (one.numbers.thousands or {}).items()][
            :1
        ]
    )


def _thousands(mark: str, count: int, decimal: str) -> str:
    seen = f"{count} cells look as if {mark!r} set thousands apart"
    if decimal:
        return f'thousands = ""  # {seen}; say it, or delete the line to leave them out'
    other = "," if mark == "." else "."
    return (
        f"# thousands = {_quoted(mark)}  # {seen}; where decimal = {_quoted(other)} take the first "
        "# of this line away, else they are left out"
    )


def _ignored(one: FileDraft) -> list[str]:
    if not one.ignored:
        return ["ignored = []"]
    return [
        "ignored = [",
        *(f"    {_quoted(heading)},  # {remark}" for heading, remark in one.ignored),
        "]",
    ]


def _inline(entries: list[Entry]) -> list[str]:
    return [
        f"{_quoted(one.heading)} = {{ {_keys(one)} }}  # {one.remark}{_question(one)}"
        for one in entries
        if not one.words
    ]


def _keys(one: Entry) -> str:
    keys = [f"is = {_quoted(one.meaning)}"]
    if one.unit is not None:
        keys.append(f"unit = {_quoted(one.unit)}")
    if one.dates is not None:
        keys.append(f"dates = {_quoted(one.dates)}")
    if one.units:
        words = ", ".join(f'{_quoted(word)} = ""' for word, _ in one.units)
        keys.append(f"units = {{ {words} }}")
    return ", ".join(keys)


def _question(one: Entry) -> str:
    if one.unit == "":
        legal = FACT_UNITS.get(one.meaning) or INPUTS[one.meaning].accepted
        return f"; fill unit: {' | '.join(legal)}"
    if one.units:
        rows = ", ".join(f"{_quoted(word)} in {count} rows" for word, count in one.units)
        return f"; {rows}; fill units: {' | '.join(INPUTS[one.meaning].accepted)}"
    if one.dates == "":
        return "; fill dates: " + " | ".join(f"{style} ({look})" for style, look in LOOKS.items())
    return ""


def _with_words(one: Entry) -> list[str]:
    """Write a column whose words a person has to explain as a table of its own."""
    if not one.words:
        return []
    words = _legal_words(one.meaning)
    legal = f"; legal: {', '.join(words)}" if words else ""
    return [
        "",
        f"[file.columns.{_quoted(one.heading)}]  # {one.remark}",
        f"is = {_quoted(one.meaning)}",
        f"[file.columns.{_quoted(one.heading)}.words]  # fill each, or delete it{legal}",
        *(f'{_quoted(word)} = ""  # {count} rows' for word, count in one.words),
    ]


def _legal_words(meaning: str) -> tuple[str, ...]:
    if meaning in INPUTS:
        return tuple(INPUTS[meaning].levels)
    if meaning in GRADES or meaning in AGENTS:
        return GRADE_WORDS if meaning in GRADES else FLAG_WORDS
    if meaning == "agent":
        return AGENTS
    column = next((one for one in TABLES["courses"].columns if one.name == meaning), None)
    return column.legal if column else ()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

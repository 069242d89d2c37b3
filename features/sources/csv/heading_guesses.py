"""What a heading or a test name means, and the unit it carries; a guess, with its reason."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from features.inputs import INPUTS, Input
from features.sources.csv.as_written import narrow
from features.sources.csv.headings import (
    CAUTIONS,
    COURSE_NAMES,
    INPUT_NAMES,
    ROW_NAMES,
    SHARES,
    key_of,
)
from features.units import spelled

_BRACKETED = re.compile(r"^(.*?)\s*[(\[【〔]\s*([^()\[\]【】〔〕]*?)\s*[)\]】〕]\s*$")
_TRAILING = re.compile(r"^(.*?\S)(?:\s*,\s*|\s+in\s+|\s+|_)(\S+)$")
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_COUNTED = re.compile(r"^[x×*]?\s*10\s*(?:\^|\*{1,2}|e)?\s*(3|6|9|12)\s*/\s*(l|ul|mm3)$", re.I)
_LITRES = {"l": "L", "ul": "uL", "mm3": "uL"}


@dataclass(frozen=True, slots=True)
class Guess:
    """What a name is taken for.

    Attributes
    ----------
    meaning : str
        A name of the mapping: an input, a course field, a column of rows.
    unit : str
        A legal unit of the input, empty where the name tells none.
    reason, caution : str
        Why, and what to look at.
    """

    meaning: str
    unit: str = ""
    reason: str = ""
    caution: str = ""


def legal_unit(one: Input, written: str) -> str:
    """Return the legal unit that `written` spells for this input; empty where it spells none."""
    plain = narrow(written.translate(_POWERS)).replace("℃", "Cel").replace("µ", "u")
    plain = plain.replace("μ", "u")
    counted = _COUNTED.match(plain)
    if counted:
        plain = f"10*{counted[1]}/{_LITRES[counted[2].casefold()]}"
    if spelled(plain) in one.accepted:
        return spelled(plain)
    alike = [unit for unit in one.accepted if unit.casefold() == spelled(plain).casefold()]
    return alike[0] if len(alike) == 1 else ""


def guess(name: str, *meanings: Mapping[str, str]) -> Guess | None:
    """Return what `name` means by the first of the `meanings` that knows it; None for none.

    The name is tried whole, then without a unit in brackets, then without a last word that is a
    unit of the input the rest names.
    """
    plain = narrow(name)
    bare, in_brackets = _parts(_BRACKETED, plain)
    rest, last = _parts(_TRAILING, plain)
    for known in meanings:
        for tried, unit in ((plain, ""), (bare, in_brackets), (rest, last)):
            meaning = known.get(key_of(tried)) if tried else None
            if meaning is None or (tried is rest and not _fits(meaning, unit)):
                continue
            return _made(meaning, tried, unit)
    return None


def _parts(pattern: re.Pattern[str], name: str) -> tuple[str, str]:
    found = pattern.match(name)
    return (found[1], found[2]) if found else ("", "")


def _fits(meaning: str, unit: str) -> bool:
    return meaning in INPUTS and bool(legal_unit(INPUTS[meaning], unit))


def _made(meaning: str, name: str, unit: str) -> Guess:
    if meaning in SHARES and unit == "%":
        meaning = SHARES[meaning]
    key = key_of(name)
    reason = f"{name!r} is a known name"
    if meaning not in INPUTS or INPUTS[meaning].is_text:
        return Guess(meaning, reason=reason, caution=CAUTIONS.get(key, ""))
    legal = legal_unit(INPUTS[meaning], unit) if unit else ""
    if meaning in SHARES.values() and "%" in key + unit:
        legal = "%"
    if key == key_of(meaning):  # a heading that is the name of the input carries its unit
        legal = INPUTS[meaning].unit
    if legal:
        reason += ", and the heading holds its unit"
    elif unit:
        reason += "; the unit of the heading is none of the legal ones"
    told = legal and meaning == "d_dimer_ng_ml_feu"  # the unit says what the caution asks for
    return Guess(meaning, legal, reason, "" if told else CAUTIONS.get(key, ""))


def of_rows(heading: str) -> Guess | None:
    """Guess a heading of a file with many rows a patient."""
    return guess(heading, ROW_NAMES, INPUT_NAMES, COURSE_NAMES)


def of_patients(heading: str) -> Guess | None:
    """Guess a heading of a list of patients, where "weight" is a fact and no measurement."""
    return guess(heading, COURSE_NAMES)


def of_tests(name: str) -> Guess | None:
    """Guess the name of a test: an input, or a grade."""
    found = guess(name, INPUT_NAMES, ROW_NAMES)
    return found if found and (found.meaning in INPUTS or "grade" in found.meaning) else None

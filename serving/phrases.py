"""What the ground floor says in English, in the language that is asked for.

The grading rules and the bedside scores tell their reasons as English clauses. They are looked up
whole, then by pattern; clauses joined by a semicolon are translated one by one.
"""

import re
import tomllib
from functools import lru_cache
from pathlib import Path

from features.inputs import INPUTS


def _read() -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    with Path(__file__).with_name("phrases.toml").open("rb") as file:
        tables = tomllib.load(file)
    patterns = [(re.compile(one), chinese) for one, chinese in tables["pattern"].items()]
    labels = {one.label: one.label_zh for one in INPUTS.values()}
    return labels | tables["whole"], patterns


_WHOLE, _PATTERNS = _read()


def phrase(english: str, language: str) -> str:
    """Return a phrase in a language; one that nobody translated stays English."""
    return _chinese(english) or english if language == "zh" else english


@lru_cache(maxsize=2048)
def _chinese(english: str) -> str | None:
    """Return the Chinese of a phrase, None where there is none."""
    if english in _WHOLE:
        return _WHOLE[english]
    for pattern, chinese in _PATTERNS:
        found = pattern.fullmatch(english)
        if found is not None:
            return chinese.format(*(_chinese(part) or part for part in found.groups()))
    clauses = [_chinese(one) for one in english.split("; ")] if "; " in english else [None]
    known = [one for one in clauses if one is not None]
    return "；".join(known) if len(known) == len(clauses) else None

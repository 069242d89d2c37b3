"""Units of a long file that their tests do not know: what a person is asked, for file or test."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from features.inputs import Input
from features.sources.csv.heading_guesses import legal_unit
from features.sources.shared_words import shared_words


@dataclass(frozen=True)
class Questions:
    """Units as written that somebody has to explain.

    Attributes
    ----------
    of_file : list of (str, str)
        Unit that means one thing for all tests that are written in it, and a remark; most frequent
        first.
    of_tests : dict
        Test -> its own units with their rows.
    """

    of_file: list[tuple[str, str]] = field(default_factory=list)
    of_tests: dict[str, list[tuple[str, int]]] = field(default_factory=dict)


def unit_questions(
    names: pd.Series, units: pd.Series, ids: pd.Series, inputs: Mapping[str, Input]
) -> Questions:
    """Ask for each unit that is strange to a test and that several patients share.

    It is asked once for the file where it is strange to every test that is written in it and one
    legal unit could be meant for all; else for each test: "mg/l" is a unit of CRP, and of D-dimer
    it says too little.

    Parameters
    ----------
    names, units, ids : Series of str or None
        Test, unit and course of each row.
    inputs : mapping
        Test -> its input, for the tests whose input is a number.
    """
    made = Questions()
    counts: dict[str, dict[str, int]] = {}
    for name, one in inputs.items():
        mine = units[names.eq(name)]
        strange = mine[[unit is not None and not legal_unit(one, str(unit)) for unit in mine]]
        for word, count in shared_words(strange, ids)[0]:
            counts.setdefault(word, {})[name] = count
    for word, by_test in sorted(counts.items(), key=lambda item: -sum(item[1].values())):
        writers = set(names[units.eq(word)].dropna())
        users = [one for name, one in inputs.items() if name in writers]
        common = _in_common(word, users)
        if common:
            rows = f"{sum(by_test.values())} rows of {', '.join(one.name for one in users)}"
            made.of_file.append((word, f"{rows}; legal: {' | '.join(common)}"))
            continue
        for name, count in by_test.items():
            made.of_tests.setdefault(name, []).append((word, count))
    return made


def _in_common(word: str, users: list[Input]) -> list[str]:
    if any(legal_unit(one, word) for one in users):
        return []
    return [unit for unit in users[0].accepted if all(unit in one.accepted for one in users)]

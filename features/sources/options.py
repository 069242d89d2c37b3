"""What a source can be asked: one table a source, from which it is read, refused and explained."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.errors import CohortError
from features.tables import END_OF_RECORD, GRADING_SYSTEMS, RESOLUTIONS

_WORDS = {"true": True, "false": False}
_FLAG = tuple(_WORDS)


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a source.

    Attributes
    ----------
    legal : tuple of str
        Everything that may be said; empty where that is no closed list.
    default : str or False or None
        What is meant when nothing is said; None where the loader then decides.
    unsaid : str
        What happens when nothing is said, where `default` does not tell it.
    """

    name: str
    meaning: str
    legal: tuple[str, ...] = ()
    default: str | bool | None = None
    unsaid: str = ""

    @property
    def is_flag(self) -> bool:
        """Whether it is true or false."""
        return self.legal == _FLAG

    def line(self) -> str:
        """Return name, legal values, meaning and default in one line."""
        legal = f"={'|'.join(self.legal)}" if self.legal else "=..."
        default = str(self.default).lower() if self.is_flag else self.default
        unsaid = self.unsaid or (f"default {default}" if default is not None else "may be left out")
        return f"{self.name}{legal}: {self.meaning} ({unsaid})"


AS_PUBLISHED = Option(
    "as_published", "leave out only what cannot be read, for the leakage audit", _FLAG, False
)
SYNTHETIC = Option("synthetic", "no patient is behind these records", _FLAG, False)
NAME = Option("name", "how the cohort is called", unsaid="default as the file, folder or database")
RESOLUTION = Option("resolution", "whether days carry hours", RESOLUTIONS, "instant")
RECORD_END = Option("end_of_record", "what it means that a record ends", END_OF_RECORD, "censored")
GRADING_SYSTEM = Option(
    "grading_system", "of grades for which nothing else names one", GRADING_SYSTEMS, "unknown"
)


def checked(source: str, table: Sequence[Option], stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was `stated`, flags as bool; but for these, None says nothing.

    Raises
    ------
    CohortError
        No such option of `source`, or a value that is not legal: the message lists what is.
    """
    known = {one.name: one for one in table}
    unknown = sorted(set(stated) - set(known))
    if unknown:
        raise CohortError(
            f"source {source!r} has no option {unknown[0]!r}; options: {', '.join(known)}."
        )
    return {
        name: _legal(known[name], value)
        for name, value in stated.items()
        if value is not None or known[name].is_flag
    }


def _legal(one: Option, value: Any) -> Any:
    if one.is_flag:
        return stated_flag(one.name, value)
    if one.legal and value != one.default and value not in one.legal:
        raise CohortError(
            f"option {one.name} = {str(value)[:40]!r} is not one of {', '.join(one.legal)}."
        )
    return value


def with_defaults(table: Sequence[Option], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return every option of `table`: as `said`, else its default."""
    return {one.name: said.get(one.name, one.default) for one in table}


def option_lines(table: Iterable[Option]) -> list[str]:
    """Return one line an option, for the help."""
    return [one.line() for one in table]


def stated_flag(name: str, stated: object) -> bool:
    """Read a flag strictly: a word not understood must not count as either.

    Raises
    ------
    CohortError
        Neither a bool nor the word "true" or "false".
    """
    flag = _WORDS.get(stated) if isinstance(stated, str) else stated
    if not isinstance(flag, bool):
        raise CohortError(f"{name} is true or false; what came is neither. Say one of the two.")
    return flag

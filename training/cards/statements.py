"""What only a person can say of a model: a TOML file with one key per statement, drafted empty."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from features.errors import CardError
from training.plan_reading import unknown_key
from training.whole_file import whole_file

SAID_BY, SAID_ON = "said_by", "said_on"
_HEAD = """\
# What only a person can say of a model. Write an answer between the quotes (three quotes for
# several lines); what stays empty is shown as missing. Never write a patient's data here.
"""


def _asked() -> dict[str, str]:
    text = (files("training.cards") / "statements.toml").read_text(encoding="utf-8")
    return {str(key): str(what) for key, what in tomllib.loads(text)["statements"].items()}


ASKED: dict[str, str] = _asked()
"""Key of a statement -> what it should say."""


@dataclass(frozen=True)
class Statements:
    """Statements by key; a key that is not there was not answered."""

    said: Mapping[str, str] = field(default_factory=dict)

    def get(self, key: str) -> str | None:
        """Return a statement; None where nobody made it.

        Raises
        ------
        KeyError
            If no such statement is asked for.
        """
        if key not in ASKED:
            raise KeyError(key)
        return self.said.get(key)

    @property
    def signature(self) -> str | None:
        """Who made the statements and when; None where nobody says so."""
        who, when = self.get(SAID_BY), self.get(SAID_ON)
        return who and (f"{who}, {when}" if when else who)


def read_statements(path: Path) -> Statements:
    """Read a file of statements.

    Raises
    ------
    CardError
        Where it is absent or no TOML, holds an unknown key, or an answer that is no text.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as failure:
        raise CardError(
            f"{path} cannot be read ({failure.strerror}). `card --draft-statements FILE` writes "
            "an empty one."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise CardError(f"{path} is not TOML: {failure}.") from None
    for key, answer in given.items():
        if key not in ASKED:
            raise CardError(f"{path}: {unknown_key(key, list(ASKED), 'the file')}")
        if not isinstance(answer, str):
            raise CardError(f'{path}: {key} is text between quotes, such as {key} = "..."')
    return Statements({key: said.strip() for key, said in given.items() if said.strip()})


def draft_statements(path: Path) -> int:
    """Write a file with every statement asked for, all empty; return how many there are.

    Raises
    ------
    CardError
        Where a file is there already: somebody may have filled it.
    """
    if path.exists():
        raise CardError(f"{path} is there already and may hold answers. Name another file.")
    asked = [f'# {what}\n{key} = ""\n' for key, what in ASKED.items()]
    with whole_file(path) as fresh:
        fresh.write_text("\n".join([_HEAD, *asked]), encoding="utf-8")
    return len(asked)

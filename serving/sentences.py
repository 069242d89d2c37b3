"""Every sentence of an answer, in English and Chinese, from one file.

Free text that a training run or a person wrote is handed on as it was written.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

LANGUAGES = ("en", "zh")


def _read() -> Mapping[str, tuple[str, str]]:
    with Path(__file__).with_name("sentences.toml").open("rb") as file:
        families = tomllib.load(file)
    return MappingProxyType(
        {
            f"{family}.{key}": (english, chinese)
            for family, sentences in families.items()
            for key, (english, chinese) in sentences.items()
        }
    )


SENTENCES = _read()
"""``family.key`` -> English, Chinese."""


def say(key: str, language: str = "en", **values: Any) -> str:
    """Return a sentence with its values filled in; what is not Chinese is answered in English."""
    english, chinese = SENTENCES[key]
    words = chinese if language == "zh" else english
    return words.format(**values) if values else words

"""Cells as people and laboratory systems write them, to plain text and plain numbers.

Full-width characters become narrow ones, a comparator in words becomes its sign, the arrow beside
an abnormal result goes. A number is read by the signs that were declared and by no others: where a
comma is the decimal sign, "1.234" is no number until somebody says what the point is.
"""

import math
import re
from dataclasses import dataclass

DECIMALS = (".", ",")
THOUSANDS = (",", ".", " ", "'")
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {
    ord(one): narrow
    for one, narrow in {
        "\u3000": " ", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\ufeff": "", "\u200b": "",
        "−": "-", "–": "-", "﹤": "<", "﹥": ">", "≦": "≤", "≧": "≥",
        "Ⅰ": "I", "Ⅱ": "II", "Ⅲ": "III", "Ⅳ": "IV", "Ⅴ": "V",
    }.items()
}  # fmt: skip
_WORDS_OF_COMPARISON = {
    "小于等于": "≤", "大于等于": "≥", "小于": "<", "低于": "<", "大于": ">", "高于": ">",
}  # fmt: skip
_ABNORMAL = re.compile(r"(?:\s*[↑↓*]+|\s+[HL]{1,2})+$")
_COMPARED = re.compile(r"(<=|>=|<|>|≤|≥)?\s*(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Signs:
    """How a file writes numbers: its decimal sign, and what stands between thousands, if any."""

    decimal: str = "."
    thousands: str = ""


def narrow(text: str) -> str:
    """Return `text` with narrow characters, single spaces and none around; idempotent."""
    return " ".join(text.translate(_NARROW).split())


def plain_text(cell: object) -> str | None:
    """Return a cell as text, a whole number without its ``.0``; None where it is empty."""
    if cell is None:
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return narrow(str(cell)) or None


def plain_number(cell: object, signs: Signs, suffixes: tuple[str, ...] = ()) -> str | None:
    """Return a cell as a number with a decimal point, its comparator before it; None for no number.

    Parameters
    ----------
    cell : object
        Text, or a number as a workbook holds it.
    suffixes : tuple of str
        What may follow the number and says nothing new, for instance its declared unit.
    """
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, int | float):
        return plain_text(cell) if math.isfinite(cell) else None
    text = _ABNORMAL.sub("", narrow(str(cell)))
    for word, sign in _WORDS_OF_COMPARISON.items():
        text = text.replace(word, sign, 1) if text.startswith(word) else text
    found = _COMPARED.fullmatch(text)
    sign, body = (found[1] or "", found[2]) if found else ("", text)
    digits = _with_a_point(_without(suffixes, body), signs)
    return f"{sign}{digits}" if digits is not None and _NUMBER.fullmatch(digits) else None


def _without(suffixes: tuple[str, ...], body: str) -> str:
    for suffix in suffixes:
        if suffix and body.casefold().endswith(suffix.casefold()):
            return body[: -len(suffix)].rstrip()
    return body


def _with_a_point(body: str, signs: Signs) -> str | None:
    """Take the thousands out and write the decimal sign as a point; None where signs contradict."""
    if signs.thousands and signs.thousands in body:
        mark, decimal = re.escape(signs.thousands), re.escape(signs.decimal)
        if not re.fullmatch(rf"[+-]?\d{{1,3}}(?:{mark}\d{{3}})+(?:{decimal}\d+)?", body):
            return None
        body = body.replace(signs.thousands, "")
    if signs.decimal == ",":
        return None if "." in body else body.replace(",", ".")
    return body

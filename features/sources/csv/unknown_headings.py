"""Which row of a file holds its headings where none of them is a known name."""

from features.sources.csv.as_written import Signs, plain_number, plain_text
from features.sources.csv.site_dates import NO_DATE, STYLES, parsed
from features.sources.csv.site_files import Row

_FEWEST = 2  # a title stands alone in its row


def row_like_headings(searched: list[Row], rows: list[Row]) -> int:
    """Return the 1-based place of the fullest row that can be one of headings, 0 for none.

    It holds words alone, no number and no date, none of them twice, and none that stands in its
    column again: so a row of a patient is not shown as one of headings.
    """
    found = [at for at, _ in enumerate(searched) if _can_be_headings(rows, at)]
    return max(found, key=lambda at: len(_words(rows[at])), default=-1) + 1


def _can_be_headings(rows: list[Row], at: int) -> bool:
    words = _words(rows[at])
    texts = list(words.values())
    if len(texts) < _FEWEST or len(set(texts)) < len(texts) or not all(map(_is_word, texts)):
        return False
    below = rows[at + 1 :]
    again = any(_words(row).get(place) == word for row in below for place, word in words.items())
    return bool(below) and not again


def _words(row: Row) -> dict[int, str]:
    cells = ((place, plain_text(cell)) for place, cell in enumerate(row[1]))
    return {place: text for place, text in cells if text}


def _is_word(text: str) -> bool:
    if plain_number(text, Signs(".", ",")) or plain_number(text, Signs(",", ".")):
        return False
    return all(parsed(text, style) == NO_DATE for style in STYLES)

"""Options that are true or false, as Python says them and as a command line or a file does."""

from features.errors import CohortError

_WORDS = {"true": True, "false": False}


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

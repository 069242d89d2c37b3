"""Disclosure control: which groups of patients are too small to be told about.

A group below the minimum is named and nothing else. A count that is held back could be found by
subtracting the others from the total, so others are held back with it, the smallest first, until at
least two are, and together they reach the minimum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

FEWEST_PATIENTS = 10
"""Fewer patients than this in a group: not even their number is told [A]."""
FEWEST_OF_A_CLASS = 5
"""Fewer patients than this with the event, or without it: no figure, no number of events [A]."""

TOO_FEW_PATIENTS = f"fewer than {FEWEST_PATIENTS} patients"
TOO_FEW_OF_A_CLASS = (
    f"fewer than {FEWEST_OF_A_CLASS} patients with the event, or fewer than {FEWEST_OF_A_CLASS} "
    "without it"
)
COUNT_HELD_BACK = "its numbers are held back, or those of a small group could be found from them"


def too_small(counts: Mapping[str, int]) -> str:
    """Say why a group of these counts has no figures; nothing where it has."""
    if counts["n_patients"] < FEWEST_PATIENTS:
        return TOO_FEW_PATIENTS
    without = counts["n_patients"] - counts["n_event_patients"]
    if min(counts["n_event_patients"], without) < FEWEST_OF_A_CLASS:
        return TOO_FEW_OF_A_CLASS
    return ""


def held_back(groups: Sequence[Mapping[str, int]]) -> tuple[list[bool], list[bool]]:
    """Say of which groups, together a total that is told, no patients and no events are counted.

    Parameters
    ----------
    groups : each with `n_patients` and `n_event_patients`.
    """
    no_patients = hidden_with(
        [one["n_patients"] for one in groups],
        [one["n_patients"] < FEWEST_PATIENTS for one in groups],
        FEWEST_PATIENTS,
    )
    no_events = hidden_with(
        [one["n_event_patients"] for one in groups],
        [held or bool(too_small(one)) for one, held in zip(groups, no_patients, strict=True)],
        FEWEST_OF_A_CLASS,
    )
    return no_patients, no_events


def told(counts: Mapping[str, int | None], patients: Mapping[str, int]) -> dict[str, int | None]:
    """Return the counts of a partition, None where one is held back.

    Parameters
    ----------
    counts : of each part; None where it is held back already.
    patients : how many each part is of.
    """
    if None in counts.values():
        return dict(counts)
    known = {name: count or 0 for name, count in counts.items()}
    small = [patients[name] < FEWEST_PATIENTS for name in known]
    hidden = hidden_with(list(known.values()), small, FEWEST_PATIENTS)
    return {name: None if held else known[name] for name, held in zip(known, hidden, strict=True)}


def hidden_with(counts: Sequence[int], small: Sequence[bool], fewest: int) -> list[bool]:
    """Say which counts of a partition are held back.

    Parameters
    ----------
    counts : of groups that together make a total which is told.
    small : which of them may not be told.
    fewest : what the counts held back reach together.

    Returns
    -------
    list of bool
        True for small counts, and for those held back with them.
    """
    hidden = list(small)
    for at in sorted(range(len(counts)), key=lambda at: counts[at]):
        back = [count for count, held in zip(counts, hidden, strict=True) if held]
        if not back or (len(back) > 1 and sum(back) >= fewest):
            break
        hidden[at] = True
    return hidden

"""How often one caller may ask: a bucket of tokens, filled at a steady rate.

Each process counts for itself: several workers let through several times as much.
"""

from collections.abc import Callable
from math import ceil
from time import monotonic

_MOST_CALLERS = 10_000  # remembered at once; those who are silent longest are forgotten


class Rate:
    """Buckets by caller.

    Parameters
    ----------
    per_minute : int
        How many requests a caller may send in the long run.
    burst : int
        How many at once.
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, per_minute: int, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._per_second = per_minute / 60.0
        self._burst = float(burst)
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def wait_seconds(self, who: str) -> int:
        """Take one; return 0, or the whole seconds to wait until there is one."""
        now = self._clock()
        left, then = self._left.pop(who, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._per_second)
        allowed = left >= 1.0
        self._left[who] = (left - 1.0 if allowed else left, now)  # last in, so first out is oldest
        if len(self._left) > _MOST_CALLERS:
            del self._left[next(iter(self._left))]
        return 0 if allowed else max(1, ceil((1.0 - left) / self._per_second))

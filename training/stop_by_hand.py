"""Ctrl-C reaches every process of a terminal; it is to be heard once, by the one that was typed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


@contextmanager
def deaf_children() -> Iterator[None]:
    """Let processes that start in this block never hear Ctrl-C; here it waits for its end.

    Raises
    ------
    KeyboardInterrupt
        At the end of the block, where Ctrl-C came in it: a process is never half started.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears Ctrl-C
        return
    resource_tracker.ensure_running()  # its start would unblock the signal
    heard: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda sign, _: heard.append(sign))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # children inherit it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if heard:
        raise KeyboardInterrupt

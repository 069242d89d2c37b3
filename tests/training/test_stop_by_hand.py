"""A stop by hand waits until processes have started, and they never hear it."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from training.stop_by_hand import deaf_children


def stopped_on_the_way(reached: list[str]) -> None:
    with deaf_children():
        os.kill(os.getpid(), signal.SIGINT)
        reached.append("the end")


def test_a_stop_waits_for_the_end_of_the_block() -> None:
    reached: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        stopped_on_the_way(reached)
    assert reached == ["the end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_process_started_in_the_block_does_not_hear_it() -> None:
    with deaf_children():
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    child.send_signal(signal.SIGINT)
    child.communicate(b"\n", timeout=30)
    assert child.returncode == 0


def test_another_thread_than_the_first_is_left_as_it_is() -> None:
    seen = []

    def work() -> None:
        with deaf_children():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]

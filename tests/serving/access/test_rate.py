from hypothesis import given
from hypothesis import strategies as st

from serving.access.rate import Rate


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_so_many_at_once_then_one_every_so_often():
    clock = Clock()
    rate = Rate(per_minute=60, burst=3, clock=clock)
    assert [rate.wait_seconds("ward") for _ in range(4)] == [0, 0, 0, 1]
    clock.now += 1.0
    assert [rate.wait_seconds("ward") for _ in range(2)] == [0, 1]


def test_one_caller_takes_nothing_from_another():
    rate = Rate(per_minute=1, burst=1, clock=Clock())
    assert [rate.wait_seconds(who) for who in ("a", "b", "a")] == [0, 0, 60]


@given(
    st.lists(st.floats(0, 30), min_size=1, max_size=200), st.integers(1, 600), st.integers(1, 20)
)
def test_never_more_than_the_burst_and_what_has_flowed_in(pauses, per_minute, burst):
    clock = Clock()
    rate = Rate(per_minute, burst, clock)
    allowed = 0
    for pause in pauses:
        clock.now += pause
        allowed += rate.wait_seconds("ward") == 0
    assert allowed <= burst + clock.now * per_minute / 60.0 + 1e-6


@given(st.integers(1, 600), st.integers(1, 5))
def test_who_waits_as_long_as_said_is_let_in(per_minute, burst):
    clock = Clock()
    rate = Rate(per_minute, burst, clock)
    while not (wait := rate.wait_seconds("ward")):
        pass
    clock.now += wait
    assert rate.wait_seconds("ward") == 0


def test_so_many_callers_are_remembered_and_no_more():
    rate = Rate(60, 1, Clock())
    for number in range(10_050):
        rate.wait_seconds(str(number))
    assert rate.wait_seconds("0") == 0  # forgotten
    assert rate.wait_seconds("10049") == 1

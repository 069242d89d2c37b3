import secrets
import uuid

import pytest

from serving.errors import RequestProblem
from serving.feed.service_ids import course_id_of, turn_id


@pytest.mark.parametrize("make", [lambda: secrets.token_urlsafe(16), lambda: str(uuid.uuid4())])
def test_random_ids_are_taken(make):
    for _ in range(200):
        one = make()
        assert course_id_of(one) == one


def test_a_uuid_in_capitals_is_the_same_course():
    one = uuid.uuid4()
    assert course_id_of(str(one).upper()) == str(one)


GUESSABLE = [
    "", "1", "4711", "patient-4711", "a" * 21, "a" * 22, "x" * 65, "1234567890123456789012345",
    "00000000-0000-0000-0000-000000000000", "5f0c6bd2-28f5-11f1-9c3a-0242ac120002",
    "ababababababababababababab", "../../../../../etc/passwd-x", "<script>alert(1)</script>",
    "=cmd|'/c calc'!A1aaaaaaaaaa", "Zk3v0QmXc1pR8aYtLw5uEg\n", "Zk3v0QmXc1pR8aYtLw5uE\u00e9",
]  # fmt: skip


@pytest.mark.parametrize("text", GUESSABLE, ids=range(len(GUESSABLE)))
def test_what_can_be_guessed_or_is_no_id_is_refused_with_the_reason_and_not_repeated(text):
    with pytest.raises(RequestProblem) as refused:
        course_id_of(text)
    (problem,) = refused.value.problems
    assert problem.problem
    assert "random" in problem.legal
    assert len(text) < 3 or text not in str(refused.value)


def test_every_turn_of_every_course_has_its_own_id():
    ids = {turn_id(course, turn) for course in ("a", "a\n1", "b") for turn in range(1, 30)}
    assert len(ids) == 3 * 29
    assert turn_id("a", 1) == turn_id("a", 1)

import pytest

from tests.serving.feed.talking import Ward


@pytest.fixture
def ward(desk):
    return Ward(desk)

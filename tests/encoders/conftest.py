"""A chat endpoint for a whole run of tests."""

import pytest

from tests.encoders import chat_server


@pytest.fixture(scope="session")
def chat_url():
    with chat_server.running() as url:
        yield url

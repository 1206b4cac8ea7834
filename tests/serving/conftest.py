from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.serving.http import create_app
from shopkeeper.serving.service import Service
from tests.serving import world
from tests.web_client import TestClient


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    return world.make_shop(tmp_path_factory.mktemp("template") / "shop")


@pytest.fixture
def folder(template, tmp_path) -> Path:
    """A shop of its own for each test."""
    import shutil

    return Path(shutil.copytree(template, tmp_path / "shop"))


@pytest.fixture
def service(folder) -> Iterator[Service]:
    service = world.open_service(folder)
    yield service
    service.close()


@pytest.fixture
def client(service) -> Iterator[TestClient]:
    app = create_app(service)
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 50_000)) as client:
        yield client

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from shopkeeper.serving.guard import Guard
from shopkeeper.serving.http import create_app
from shopkeeper.serving.service import Service
from shopkeeper.web.pages import mount
from tests.serving import world
from tests.web_client import TestClient

ADDRESS = "http://localhost"


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    return world.make_shop(tmp_path_factory.mktemp("template") / "shop")


@pytest.fixture
def service(template, tmp_path) -> Iterator[Service]:
    """A service over a shop of its own for each test."""
    service = world.open_service(Path(shutil.copytree(template, tmp_path / "shop")))
    yield service
    service.close()


def application(service: Service, token: str | None = None) -> FastAPI:
    guard = Guard(token)
    app = create_app(service, guard=guard)
    mount(app, service, guard=guard, clock=lambda: world.NOW)
    return app


def visit(app: FastAPI, address: str = "127.0.0.1") -> TestClient:
    """A browser without script that has its own cookies and does not follow redirects by itself."""
    return TestClient(app, base_url=ADDRESS, client=(address, 50_000), follow_redirects=False)


@pytest.fixture
def app(service) -> FastAPI:
    return application(service)


@pytest.fixture
def browser_of_a_guest(app) -> Iterator[TestClient]:
    with visit(app) as client:
        client.headers["Origin"] = ADDRESS
        yield client

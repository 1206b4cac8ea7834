import pytest

from shopkeeper import app
from shopkeeper.catalog.tagging import Encoders
from shopkeeper.features.colours import Colours
from tests.catalog.goods import encoder


@pytest.fixture(autouse=True, scope="module")
def read_once():
    """Each title is read once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "encoders", lambda: Encoders(encoder(), (Colours(),)))
        yield

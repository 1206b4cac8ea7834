import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.web import forms


def request(**headers: str) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": raw})


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"host": "shop.test", "origin": "https://shop.test"}, True),
        ({"host": "shop.test:8000", "origin": "http://shop.test:8000"}, True),
        ({"host": "shop.test", "referer": "https://shop.test/item/3"}, True),
        ({"host": "shop.test", "origin": "https://evil.test"}, False),
        ({"host": "shop.test", "origin": "null"}, False),
        ({"host": "shop.test", "origin": "https://shop.test.evil.test"}, False),
        ({"host": "shop.test", "origin": "https://evil.test", "referer": "https://shop.test/"}, False),
        ({"host": "shop.test"}, False),
        ({"origin": "http://"}, False),
    ],
)
def test_only_forms_of_our_own_pages_are_believed(headers, own):
    assert forms.is_own(request(**headers)) is own


@pytest.mark.parametrize("text", ["0", "100", "-1", "1.5", "", "１", "1e3", "99999999999"])
def test_quantities_are_whole_and_small(text):
    with pytest.raises(InvalidRequest, match="quantity"):
        forms.quantity({"quantity": text})


def test_quantity_is_one_unless_told():
    assert (forms.quantity({}), forms.quantity({"quantity": " 12 "})) == (1, 12)


@given(st.text(min_size=1).filter(lambda text: text.strip() == text))
def test_an_add_button_names_shelf_and_item(item_id):
    assert forms.chosen_item({"item": f"for_you:{item_id}"}) == ("for_you", item_id)


@pytest.mark.parametrize("form", [{}, {"item": ""}, {"item": "x"}, {"item": "shelf:"}])
def test_a_form_without_item_is_refused(form):
    with pytest.raises(InvalidRequest):
        forms.chosen_item(form)

"""The error tree: drawn completely, one code a class."""

import re

import pytest

from shopkeeper.core import errors


def tree(cls: type[errors.ShopkeeperError] = errors.ShopkeeperError) -> list[type[errors.ShopkeeperError]]:
    return [cls, *(found for child in cls.__subclasses__() for found in tree(child))]


def drawn() -> dict[str, int]:
    """Depth of each class in the picture of the docstring."""
    lines = re.findall(r"^    ([│├└─ ]*)(\w+)", errors.__doc__ or "", re.MULTILINE)
    return {name: len(branch) // 4 for branch, name in lines}


def depth(cls: type[errors.ShopkeeperError]) -> int:
    return cls.__mro__.index(errors.ShopkeeperError)


def test_every_class_of_the_module_is_in_the_tree():
    defined = {name for name, value in vars(errors).items() if isinstance(value, type)} - {"ClassVar"}
    assert defined == {cls.__name__ for cls in tree()}


def test_picture_shows_every_class_at_its_depth():
    assert drawn() == {cls.__name__: depth(cls) for cls in tree()}


def test_codes_are_distinct_and_stable_words():
    codes = [cls.code for cls in tree()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)
    assert all("code" in vars(cls) for cls in tree())


@pytest.mark.parametrize("cls", tree(), ids=lambda cls: cls.__name__)
def test_message_and_hint_reach_the_reader(cls):
    error = cls("price = -1: must not be negative.", hint="Check the price column.")
    assert str(error) == "price = -1: must not be negative. Check the price column."
    assert str(cls("k = 0.")) == "k = 0."
    assert cls.__doc__

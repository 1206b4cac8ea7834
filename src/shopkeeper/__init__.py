"""Shopkeeper: an open-source personalization engine for online shops.

>>> import shopkeeper
>>> shop = shopkeeper.open("my-shop")                           # doctest: +SKIP
>>> shop.recommend(customer="42", k=10)                         # doctest: +SKIP

Importing a part does not load the whole: names below are looked up when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shopkeeper.app import Shop
    from shopkeeper.app import create_shop as create
    from shopkeeper.app import open_shop as open

__all__ = ["Shop", "__version__", "create", "open"]
__version__ = "0.1.0"

_WHERE = {
    "Shop": ("shopkeeper.app", "Shop"),
    "create": ("shopkeeper.app", "create_shop"),
    "open": ("shopkeeper.app", "open_shop"),
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'shopkeeper' has no attribute {name!r}")
    module, attribute = _WHERE[name]
    return getattr(import_module(module), attribute)

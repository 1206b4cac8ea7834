"""What pages are made of: frozen values that templates and the HTTP interface print as they are.

Texts that depend on a language come in English and Chinese; the page picks one.
"""

from dataclasses import dataclass

from shopkeeper.surfaces.effects import RuleEffect


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is shown, worded from evidence; empty where there is nothing honest to say."""

    en: str = ""
    zh: str = ""


UNSAID = Reason()
"""Nothing honest to say."""


@dataclass(frozen=True, slots=True)
class Card:
    """One product as it is shown.

    Attributes
    ----------
    item_id
        The shop's own id.
    title, title_zh
        Name to show; ``title_zh`` equals ``title`` where the catalogue has no Chinese one. Never empty.
    price, currency
        Unit price, or None where unknown; ISO 4217 code.
    category, category2, category3, brand, image_url, url
        As in the catalogue; empty where unknown.
    in_stock
        True where the catalogue does not say.
    reason
        Why it is shown to this person.
    source
        Name of the recommender that put it here; empty where none did.
    score
        Its score there; comparable within one list only.
    evidence_item_ids
        Items of the person's own history that carried the score, the strongest first.
    probability
        With which chance put it there (source ``explore``); 1 where there was none.
    """

    item_id: str
    title: str
    title_zh: str
    price: float | None
    currency: str
    category: str
    category2: str
    category3: str
    brand: str
    image_url: str
    url: str
    in_stock: bool
    reason: Reason = UNSAID
    source: str = ""
    score: float = 0.0
    evidence_item_ids: tuple[str, ...] = ()
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """A titled shelf of cards.

    Attributes
    ----------
    name
        Stable name: ``for_you``, ``buy_again``, ``because``, ``with_cart``, ``trending``, ``new``,
        ``explore``, ``popular``, ``popular_in`` and, before the first training, ``category`` on a homepage;
        ``similar`` and ``bought_together`` on a product page. ``wished``, ``style``, ``cheaper`` and
        ``more_like`` come first where somebody said what they want. A page may hold several rows of one name
        (``because``, ``popular_in``, ``more_like``); their titles differ.
    title_en, title_zh
        Heading.
    cards
        Best first.
    placed
        With which chance the rows of the page came to stand in the order they do; 1 where none decided.
    """

    name: str
    title_en: str
    title_zh: str
    cards: tuple[Card, ...]
    placed: float = 1.0


@dataclass(frozen=True, slots=True)
class CategoryLink:
    """One entry of the category navigation.

    Attributes
    ----------
    name
        Category as in the catalogue.
    count
        Number of items in it.
    share
        Share of the person's own history spent in it, 0 to 1; 0 for a guest.
    """

    name: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Style:
    """A kind of things that somebody may say they like.

    Attributes
    ----------
    name
        As in the catalogue; what `Wish.style` takes.
    cards
        A few items that show what it is.
    """

    name: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Homepage:
    """A homepage arranged for one person.

    Attributes
    ----------
    request_id
        Echo it in events (``request_id``) that follow from this page.
    model_version
        Which model answered; empty before the first training.
    rows
        Top to bottom. No product stands twice on a page.
    categories
        All categories in personal order.
    styles
        Some to choose from, for somebody of whom nothing is known; else empty.
    warnings
        What rules could not do, or left out.
    debug
        What each rule did, for whoever asks.
    """

    request_id: str
    model_version: str
    rows: tuple[Row, ...]
    categories: tuple[CategoryLink, ...]
    styles: tuple[Style, ...] = ()
    warnings: tuple[str, ...] = ()
    debug: tuple[RuleEffect, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductPage:
    """One product, with the reason it suits the person, and what goes with it.

    A row of which too little is known is None.
    """

    request_id: str
    model_version: str
    card: Card
    similar: Row | None
    bought_together: Row | None


@dataclass(frozen=True, slots=True)
class CategoryPage:
    """The products of one category in personal order.

    Attributes
    ----------
    name
        Category as in the catalogue.
    count
        Number of items in it, of which ``cards`` are the first.
    cards
        Best for this person first; what no recommender knows follows by title.
    """

    request_id: str
    model_version: str
    name: str
    count: int
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A ranked list for one person or one item.

    Attributes
    ----------
    request_id, model_version
        As in `Homepage`.
    items
        At most ``k`` cards, best first.
    note
        What the caller should know, such as that the person is not known and got a guest's list; often empty.
    warnings, debug
        As in `Homepage`.
    """

    request_id: str
    model_version: str
    items: tuple[Card, ...]
    note: str = ""
    warnings: tuple[str, ...] = ()
    debug: tuple[RuleEffect, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerChoice:
    """A customer to look through the eyes of, for a demonstration's picker.

    Attributes
    ----------
    customer
        Pseudonym, ``c_...``.
    categories
        Favourite categories, the strongest first, at most three.
    events
        Number of events known of them.
    last_seen
        Time of the last event, epoch milliseconds.
    """

    customer: str
    categories: tuple[str, ...]
    events: int
    last_seen: int


@dataclass(frozen=True, slots=True)
class Done:
    """One thing a person did: the name of an `EventType`, the shop's own item id, and epoch milliseconds."""

    kind: str
    item_id: str
    time: int


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a person, for themselves to look at.

    Attributes
    ----------
    events
        Number of events that name an item.
    items
        Number of distinct items among them.
    last_seen
        Time of the last event, epoch milliseconds; 0 for none.
    recent
        The last events, the newest first.
    """

    events: int
    items: int
    last_seen: int
    recent: tuple[Done, ...]


@dataclass(frozen=True, slots=True)
class CartLine:
    """One product in a cart."""

    card: Card
    quantity: float


@dataclass(frozen=True, slots=True)
class Cart:
    """What was added and neither removed nor bought since.

    Attributes
    ----------
    lines
        Last added first.
    total
        Sum of price times quantity over lines with a price, in ``currency``.
    """

    lines: tuple[CartLine, ...]
    total: float
    currency: str


@dataclass(frozen=True, slots=True)
class Hit(Card):
    """One result of a search.

    Attributes
    ----------
    matched
        How it was found: ``words``, ``meaning`` or ``both``.
    """

    matched: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """A name of the catalogue, and how many results carry it."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class PriceBand:
    """Prices from ``low`` to ``high``, both included, and how many results lie there."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts over everything that was found; categories and brands by falling count, at most ten of each."""

    categories: tuple[Count, ...]
    brands: tuple[Count, ...]
    prices: tuple[PriceBand, ...]


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Results of a search.

    Attributes
    ----------
    request_id, model_version
        As in `Homepage`.
    query
        What was typed.
    min_price, max_price
        Bounds that were applied, those that the query names in words included; None where there is none.
    count
        How many items were found, of which ``results`` are the first; at most some hundreds are looked at.
    results
        Best first.
    facets
        Counts over all that was found.
    """

    request_id: str
    model_version: str
    query: str
    min_price: float | None
    max_price: float | None
    count: int
    results: tuple[Hit, ...]
    facets: Facets

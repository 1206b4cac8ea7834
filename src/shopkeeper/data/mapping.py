"""Which column of a source is which of ours: given, or guessed from well-known names and told."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidRequest, MissingColumn
from shopkeeper.core.types import EventType

_LETTERS: Final = re.compile(r"[\W_]+")


def plain_name(name: str) -> str:
    """A column name without case, spaces and signs: ``Customer ID`` and ``customer_id`` read alike."""
    return _LETTERS.sub("", name).lower()


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Where our columns come from.

    Attributes
    ----------
    columns
        Our name -> the source's name.
    guessed
        Our names among them that nobody gave and whose names differ.
    unmapped
        Columns of the source that are none of ours.
    """

    columns: Mapping[str, str]
    guessed: tuple[str, ...]
    unmapped: tuple[str, ...]

    def notes(self) -> tuple[str, ...]:
        """What was guessed, in words."""
        if not self.guessed:
            return ()
        pairs = ", ".join(f"{ours} = {self.columns[ours]!r}" for ours in self.guessed)
        return (f"Guessed the columns {pairs}; set others with --map ours=theirs.",)


def map_columns(kind: str, found: Sequence[str], given: Mapping[str, str]) -> ColumnMap:
    """Find our columns among those of a source.

    Parameters
    ----------
    kind
        ``events``, ``items``, ``customers``, ``campaigns`` or ``ties``.
    found
        Columns of the source.
    given
        Our name -> the source's name, for those the shop named; the rest is guessed.

    Raises
    ------
    InvalidRequest
        The shop named a column of ours that does not exist.
    MissingColumn
        A named column is not in the source, or a needed one could not be guessed.
    """
    _check_given(kind, found, given)
    columns = dict(given)
    free = {plain_name(name): name for name in reversed(found) if name not in given.values()}
    for ours in _guessing_order(kind, given):
        theirs = _guess(ALIASES[kind].get(ours, ()), ours, free)
        if theirs is not None:
            columns[ours] = theirs
    missing = [name for name in NEEDED[kind] if name not in columns]
    if missing:
        raise MissingColumn(
            f"No column for {', '.join(missing)} among {', '.join(map(repr, found)) or 'none'}.",
            hint=f"Name it with --map {missing[0]}=THEIRS.",
        )
    guessed = tuple(ours for ours, theirs in columns.items() if ours not in given and ours != theirs)
    unmapped = tuple(name for name in found if name not in columns.values())
    return ColumnMap(columns, guessed, unmapped)


def _guessing_order(kind: str, given: Mapping[str, str]) -> Iterable[str]:
    return (ours for ours in COLUMNS[kind] if ours not in given)


def _guess(aliases: Sequence[str], ours: str, free: dict[str, str]) -> str | None:
    for name in (plain_name(ours), *aliases):
        if name in free:
            return free.pop(name)
    return None


def _check_given(kind: str, found: Sequence[str], given: Mapping[str, str]) -> None:
    unknown = [ours for ours in given if ours not in COLUMNS[kind]]
    if unknown:
        raise InvalidRequest(
            f"--map {unknown[0]}=...: {kind} have no column {unknown[0]!r}.",
            hint=f"There are {', '.join(COLUMNS[kind])}.",
        )
    absent = [theirs for theirs in given.values() if theirs not in found]
    if absent:
        raise MissingColumn(
            f"The source has no column {absent[0]!r}.", hint=f"It has {', '.join(map(repr, found))}."
        )


def event_type_names(values: Sequence[str]) -> dict[str, str]:
    """Our names for kinds of event under well-known names (``Order Completed``, ``addtocart``, ``pv``)."""
    known = {plain_name(kind.name): kind.name for kind in EventType} | EVENT_TYPE_ALIASES
    return {value: known[plain_name(value)] for value in values if plain_name(value) in known}


COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "events": c.EVENT_COLUMNS,
    "items": c.ITEM_COLUMNS,
    "customers": c.CUSTOMER_COLUMNS,
    "campaigns": c.CAMPAIGN_COLUMNS,
    "ties": c.TIE_COLUMNS,
}
NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "events": (c.TIMESTAMP,),
    "items": (c.ITEM_ID,),
    "customers": (c.CUSTOMER_ID,),
    "campaigns": (c.CAMPAIGN_ID,),
    "ties": (c.CUSTOMER_ID, c.OTHER_ID),
}
"""Columns without which no row could be good."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_PERSON: Final = _words(
    "userid custid householdid memberid buyerid accountid reviewerid user customer visitorid"
)
_ITEM: Final = _words(
    "productid sku stockcode asin parentasin articleid goodsid variantid contentid movieid item product"
)

ALIASES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "events": {
        c.EVENT_ID: _words("messageid"),
        c.CUSTOMER_ID: _PERSON,
        c.SESSION_ID: _words(
            "gasessionid visitid userpseudoid anonymousid session visitorid deviceid cookieid clientid"
        ),
        c.EVENT_TYPE: _words("eventname event behaviortype behaviourtype behavior feedbacktype action type"),
        c.ITEM_ID: _ITEM,
        c.TIMESTAMP: _words(
            "eventtime eventtimestamp datetime transactiontimestamp time date invoicedate orderdate "
            "purchasedate transactiondate tdat createdat createdtime originaltimestamp unixreviewtime ts"
        ),
        c.QUANTITY: _words("qty units"),
        c.PRICE: _words("unitprice itemprice productprice"),
        c.CURRENCY: _words("currencycode pricecurrency"),
        c.VALUE: _words("revenue eventvalue salesvalue linetotal totalprice total amount"),
        c.DISCOUNT: _words("discountamount"),
        c.TRANSACTION_ID: _words("orderid invoice invoiceno basketid receiptid ordernumber checkoutid"),
        c.PROMOTION_ID: _words("campaignid"),
        c.COUPON: _words("couponcode couponupc"),
        c.SEARCH_TERM: _words("searchquery query keyword"),
        c.LOCATION_ID: _words("storeid shopid store"),
        c.ITEM_LIST_ID: _words("listid"),
        c.REQUEST_ID: _words("recommendationid recommid attributiontoken"),
        c.RATING: _words("stars overall score"),
        c.TEXT: _words("reviewtext review comment"),
        c.CONSENT: _words("optin consentgiven"),
    },
    "items": {
        c.ITEM_ID: (*_ITEM, "id"),
        c.TITLE: _words("name itemname productname producttitle displayname"),
        c.DESCRIPTION: _words("productdescription itemdescription"),
        c.CATEGORY: _words(
            "itemcategory categoryl1 productcategory producttype maincategory googleproductcategory "
            "categories department"
        ),
        c.CATEGORY2: _words("itemcategory2 categoryl2 subcategory"),
        c.CATEGORY3: _words("itemcategory3 categoryl3"),
        c.BRAND: _words("itembrand manufacturer vendor"),
        c.PRICE: _words("saleprice unitprice itemprice"),
        c.CURRENCY: _words("currencycode pricecurrency"),
        c.IN_STOCK: _words("availability available"),
        c.IMAGE_URL: _words("image imagelink picture"),
        c.URL: _words("link producturl"),
        c.ITEM_GROUP_ID: _words("inproductgroupwithid groupid parentid"),
        c.CREATED_AT: _words("creationtimestamp createdtime timestamp launchdate"),
    },
    "customers": {
        c.CUSTOMER_ID: (*_PERSON, "id"),
        c.CONSENT: _words("optin consentgiven"),
        c.CREATED_AT: _words("creationtimestamp createdtime signupdate registeredat timestamp"),
    },
    "campaigns": {
        c.CAMPAIGN_ID: _words("id promotionid campaign"),
        c.TITLE: _words("name campaignname promotionname"),
        c.KIND: _words("campaigntype type"),
        c.STARTS_AT: _words("startdate start startsat validfrom"),
        c.ENDS_AT: _words("enddate end endsat validto"),
        c.ITEM_ID: _ITEM,
        c.COUPON: _words("couponcode couponupc"),
        c.CUSTOMER_ID: _PERSON,
    },
    "ties": {
        c.CUSTOMER_ID: (*_PERSON, *_words("followerid follower userid1 user1 source from")),
        c.OTHER_ID: _words("friendid friend followeeid followee followedid userid2 user2 target to"),
        c.KIND: _words("tie relation relationship type"),
        c.STARTS_AT: _words("since start startsat startdate createdat timestamp"),
        c.ENDS_AT: _words("until end endsat enddate"),
    },
}
"""Well-known names of our columns, the likeliest first, as `plain_name` spells them: those of GA4, Segment,
schema.org, merchant feeds, Personalize and Gorse exports, and of public purchase logs."""

EVENT_TYPE_ALIASES: Final[dict[str, str]] = {
    **dict.fromkeys(
        _words("view pv click detail productviewed detailpageview itemview pageview read"),
        EventType.view_item.name,
    ),
    **dict.fromkeys(_words("productlistviewed categorypageview impression"), EventType.view_item_list.name),
    **dict.fromkeys(_words("productclicked"), EventType.select_item.name),
    **dict.fromkeys(_words("productssearched"), EventType.search.name),
    **dict.fromkeys(_words("cart productadded add addtobasket"), EventType.add_to_cart.name),
    **dict.fromkeys(_words("productremoved remove removefrombasket"), EventType.remove_from_cart.name),
    **dict.fromkeys(_words("cartviewed shoppingcartpageview"), EventType.view_cart.name),
    **dict.fromkeys(_words("checkoutstarted checkout"), EventType.begin_checkout.name),
    **dict.fromkeys(
        _words("productaddedtowishlist wishlist fav favorite favourite like star bookmark"),
        EventType.add_to_wishlist.name,
    ),
    **dict.fromkeys(
        _words("buy bought order ordered ordercompleted transaction purchased purchasecomplete sale"),
        EventType.purchase.name,
    ),
    **dict.fromkeys(_words("orderrefunded return returned cancel cancelled"), EventType.refund.name),
    **dict.fromkeys(_words("promotionviewed"), EventType.view_promotion.name),
    **dict.fromkeys(_words("promotionclicked"), EventType.select_promotion.name),
    **dict.fromkeys(_words("rating rated"), EventType.rate.name),
    **dict.fromkeys(_words("reviewed"), EventType.review.name),
    **dict.fromkeys(_words("shared productshared"), EventType.share.name),
}
"""Well-known names of kinds of event, as `plain_name` spells them."""

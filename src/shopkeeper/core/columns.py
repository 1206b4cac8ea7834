"""The one place a column is spelled.

Names are GA4's where GA4 has one, so that a shop's engineers meet words they know.
"""

from typing import Final

# Events
EVENT_ID: Final = "event_id"
CUSTOMER_ID: Final = "customer_id"
SESSION_ID: Final = "session_id"
EVENT_TYPE: Final = "event_type"
ITEM_ID: Final = "item_id"
TIMESTAMP: Final = "timestamp"
QUANTITY: Final = "quantity"
PRICE: Final = "price"
CURRENCY: Final = "currency"
VALUE: Final = "value"
DISCOUNT: Final = "discount"
TRANSACTION_ID: Final = "transaction_id"
PROMOTION_ID: Final = "promotion_id"
COUPON: Final = "coupon"
SEARCH_TERM: Final = "search_term"
LOCATION_ID: Final = "location_id"
ITEM_LIST_ID: Final = "item_list_id"
REQUEST_ID: Final = "request_id"
RATING: Final = "rating"
TEXT: Final = "text"
ENGAGEMENT_TIME_MSEC: Final = "engagement_time_msec"
CONSENT: Final = "consent"

EVENT_COLUMNS: Final = (
    EVENT_ID,
    CUSTOMER_ID,
    SESSION_ID,
    EVENT_TYPE,
    ITEM_ID,
    TIMESTAMP,
    QUANTITY,
    PRICE,
    CURRENCY,
    VALUE,
    DISCOUNT,
    TRANSACTION_ID,
    PROMOTION_ID,
    COUPON,
    SEARCH_TERM,
    LOCATION_ID,
    ITEM_LIST_ID,
    REQUEST_ID,
    RATING,
    TEXT,
    ENGAGEMENT_TIME_MSEC,
    CONSENT,
)

# Items (with ITEM_ID, PRICE, CURRENCY)
TITLE: Final = "title"
DESCRIPTION: Final = "description"
CATEGORY: Final = "category"
CATEGORY2: Final = "category2"
CATEGORY3: Final = "category3"
BRAND: Final = "brand"
IN_STOCK: Final = "in_stock"
IMAGE_URL: Final = "image_url"
URL: Final = "url"
ITEM_GROUP_ID: Final = "item_group_id"
CREATED_AT: Final = "created_at"
ATTRIBUTES: Final = "attributes"

# Keys within the attributes of an item
TITLE_ZH: Final = "title_zh"
"""The Chinese title; other columns have a Chinese value under their name and ``_zh`` too."""
TAGS: Final = "tags"
"""A list of the shop's own tags."""
RESERVED: Final = ("age_restricted", "discreet")
"""``true`` for what is sold to grown-ups only, and for what people would rather not have read out: medicine,
intimate care."""

ITEM_COLUMNS: Final = (
    ITEM_ID,
    TITLE,
    DESCRIPTION,
    CATEGORY,
    CATEGORY2,
    CATEGORY3,
    BRAND,
    PRICE,
    CURRENCY,
    IN_STOCK,
    IMAGE_URL,
    URL,
    ITEM_GROUP_ID,
    CREATED_AT,
    ATTRIBUTES,
)

# Customers (with CUSTOMER_ID, CONSENT, CREATED_AT, ATTRIBUTES)
CUSTOMER_COLUMNS: Final = (CUSTOMER_ID, CONSENT, CREATED_AT, ATTRIBUTES)

# Campaigns (with TITLE, ATTRIBUTES); an import row may also name one ITEM_ID, COUPON and CUSTOMER_ID
CAMPAIGN_ID: Final = "campaign_id"
KIND: Final = "kind"
STARTS_AT: Final = "starts_at"
ENDS_AT: Final = "ends_at"

CAMPAIGN_COLUMNS: Final = (
    CAMPAIGN_ID,
    TITLE,
    KIND,
    STARTS_AT,
    ENDS_AT,
    ITEM_ID,
    COUPON,
    CUSTOMER_ID,
    ATTRIBUTES,
)

# Ties between customers (with CUSTOMER_ID, KIND, STARTS_AT, ENDS_AT)
OTHER_ID: Final = "other_id"

TIE_COLUMNS: Final = (CUSTOMER_ID, OTHER_ID, KIND, STARTS_AT, ENDS_AT)

# Quarantine
SOURCE: Final = "source"
LINE: Final = "line"
FIELD: Final = "field"
REASON: Final = "reason"
ROW: Final = "row"
MESSAGE: Final = "message"

# Decisions: what was answered (with REQUEST_ID, CUSTOMER_ID, SESSION_ID, ITEM_ID, TIMESTAMP, SOURCE, ROW)
SURFACE: Final = "surface"
SLOT: Final = "slot"
PROBABILITY: Final = "probability"
CHANCE: Final = "chance"
CHARGE: Final = "charge"
MODEL_VERSION: Final = "model_version"
SHOWN: Final = "shown"
PLACED: Final = "placed"

# The place of an event in the log
SEQ: Final = "seq"

"""A shop's configuration: frozen, unknown keys refused, all faults reported at once."""

import tomllib
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from shopkeeper.core.errors import InvalidConfig, MissingFile
from shopkeeper.core.rules import MOST_RULES, Rule, contradictions


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class EventWeights(_Section):
    """How strongly each kind of event speaks for an item; 0 leaves the kind out of learning."""

    purchase: float = Field(1.0, ge=0)
    add_to_cart: float = Field(0.5, ge=0)
    begin_checkout: float = Field(0.5, ge=0)
    add_to_wishlist: float = Field(0.4, ge=0)
    rate: float = Field(0.5, ge=0)
    review: float = Field(0.5, ge=0)
    share: float = Field(0.4, ge=0)
    select_item: float = Field(0.2, ge=0)
    view_item: float = Field(0.2, ge=0)
    view_cart: float = Field(0.0, ge=0)
    remove_from_cart: float = Field(0.0, ge=0)
    refund: float = Field(0.0, ge=0)
    search: float = Field(0.0, ge=0)
    view_item_list: float = Field(0.0, ge=0)
    view_promotion: float = Field(0.0, ge=0)
    select_promotion: float = Field(0.0, ge=0)


class Cleaning(_Section):
    """What counts as impossible, and how a robot is known."""

    max_price: float = Field(1_000_000.0, gt=0)
    """Rows with a higher unit price are set aside."""
    max_quantity: float = Field(100_000.0, gt=0)
    """Rows with a larger quantity (either sign) are set aside."""
    robot_events_per_hour: int = Field(1_000, gt=0)
    """A person with more events within one hour is a robot and left out of learning."""
    future_tolerance_hours: float = Field(24.0, ge=0)
    """How far ahead of this machine's clock a time stamp may lie."""


class Limits(_Section):
    """Bounds on what is accepted."""

    max_body_mb: float = Field(10.0, gt=0)
    """Largest HTTP body."""
    max_batch: int = Field(10_000, gt=0)
    """Most events in one HTTP batch."""
    max_k: int = Field(1_000, gt=0)
    """Longest list that may be asked for."""
    max_text: int = Field(5_000, gt=0)
    """Longest title or text kept, in characters; longer ones are cut and told."""
    max_expansion: float = Field(200.0, gt=1)
    """Most bytes a compressed byte may become, past the first 100 MB (zip bombs)."""


class Privacy(_Section):
    """What is kept of people."""

    assume_consent: bool = True
    """What a row without a consent field means. Without consent a row is kept, but without its person."""


class EncoderSettings(_Section):
    """What reads titles and looks at pictures."""

    text: str = Field("auto", min_length=1)
    """``auto``, ``multilingual``, ``english``, a model's folder, or the URL of an embeddings interface."""
    model: str = ""
    """Name of the model at the URL."""
    api_key_env: str = Field("", pattern="^[A-Za-z_0-9]*$")
    """Environment variable that holds the key for the URL."""
    requests_per_minute: float = Field(0.0, ge=0)
    """Most requests to the URL; 0 sets no limit."""
    timeout_seconds: float = Field(30.0, gt=0)
    """How long to wait for an answer of the URL."""
    prefix: str | None = None
    """What the model of a folder wants before each text, if the folder does not say."""
    image_dir: str = ""
    """Folder of the items' pictures, by the last part of ``image_url``; empty looks at none."""

    @model_validator(mode="after")
    def _names_a_model(self) -> Self:
        if self.text.startswith(("http://", "https://")) and not self.model:
            raise ValueError("a URL needs encoders.model as well")
        return self


class Chat(_Section):
    """A chat model behind an OpenAI-compatible endpoint; off where ``base_url`` is empty."""

    base_url: str = Field("", pattern=r"^(https?://\S+)?$")
    """Where it answers, up to and without ``/chat/completions``."""
    model: str = ""
    """Its name there."""
    api_key_env: str = ""
    """Environment variable that holds the key; empty where none is needed."""
    timeout_seconds: float = Field(60.0, gt=0)
    """Longest time for one whole answer."""
    max_calls: int = Field(1_000, gt=0)
    """Most calls in one run, repeated ones included."""
    max_tokens: int = Field(1_000_000, gt=0)
    """Tokens, read and written, after which a run makes no further call."""
    language: str = Field("", pattern="^(en|zh)?$")
    """Of prompts and answers; empty takes that of the shop."""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.base_url and not self.model:
            raise ValueError("model is needed where base_url is set")
        return self


class Embed(_Section):
    """Pages of other origins that take the script into theirs."""

    origins: tuple[Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]+)?$")], ...] = ()
    """Origins whose pages may send events and ask for rows, such as ``https://shop.example``."""


class Actions(_Section):
    """What may be done about a customer, what it costs, and what it is taken to bring.

    Effects are the share of customers who would buy nothing within the horizon and, for this, do. They are
    assumptions of yours until a test tells (``shopkeeper uplift``).
    """

    margin: float = Field(0.3, gt=0, le=1)
    """Share of a sale that is profit before any discount."""
    rest_days: float = Field(14.0, ge=0)
    """Least days between two messages to one customer."""
    most_messages: int = Field(0, ge=0)
    """Most messages to one customer within ``most_messages_days``; 0 sets no limit."""
    most_messages_days: float = Field(28.0, gt=0)
    """Days in which they are counted."""
    quiet_from: int = Field(0, ge=0, le=23)
    """Hour from which on nothing is sent; none is quiet where both are equal."""
    quiet_until: int = Field(0, ge=0, le=23)
    """Hour in which it is sent again."""
    time_zone: str = "UTC"
    """In which the quiet hours are told, such as ``Europe/Berlin``."""
    message_cost: float = Field(0.02, ge=0)
    """Of one message, in the shop's currency."""
    recommend_effect: float = Field(0.01, ge=0, le=1)
    """Of a message with recommendations."""
    remind_effect: float = Field(0.03, ge=0, le=1)
    """Of a reminder around the time a purchase is due."""
    offer_effect: float = Field(0.06, ge=0, le=1)
    """Of an offer."""
    offer_discount: float = Field(0.1, ge=0, le=1)
    """Share of the price an offer gives away, also to those who would have bought anyway."""
    win_back_effect: float = Field(0.12, ge=0, le=1)
    """Of a larger offer to those who stay away."""
    win_back_discount: float = Field(0.15, ge=0, le=1)
    """Share of the price it gives away."""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            _zone(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("must be a time zone, such as Europe/Berlin") from None
        return name

    @property
    def zone(self) -> tzinfo:
        """The time zone."""
        return _zone(self.time_zone)


def _zone(name: str) -> tzinfo:
    """A time zone; UTC without a database of them."""
    return UTC if name == "UTC" else ZoneInfo(name)


class Lists(_Section):
    """What lists remember of what a person bought and was shown."""

    bought_days: float = Field(30.0, ge=0)
    """How long a purchase is left out, unless it is of what people buy again."""
    fatigue: float = Field(0.2, ge=0)
    """How strongly what was shown and not taken up sinks; 0 not at all. See ``surfaces/fatigue.py``."""
    fatigue_days: float = Field(7.0, gt=0)
    """After how many days a showing counts half."""
    diversity: float | None = Field(None, ge=0, le=0.5)
    """How much a list of recommendations gives up for not being of one kind; see ``surfaces/variety.py``.
    None leaves it to training, which takes what costs next to nothing."""
    calibration: float = Field(0.0, ge=0, le=0.5)
    """How much it gives up for being as mixed as what the person takes."""
    learned_order: bool = True
    """Whether rows of the homepage stand in an order learned from clicks; see ``surfaces/row_order.py``."""


class Retrain(_Section):
    """When a shop that is served trains itself anew; off where both are 0."""

    every_hours: float = Field(0.0, ge=0)
    """After so many hours, if there is anything new."""
    after_events: int = Field(0, ge=0)
    """After so many new events."""


class Ads(_Section):
    """Adverts on the shop's pages, and what is demanded of them. Money is in the shop's currency."""

    file: str = Field("ads.jsonl", min_length=1)
    """Where adverts stand, within the shop's folder; without the file there are none."""
    ledger: str = ""
    """URL of the database that holds budgets; empty takes that of the shop."""
    reserve: float = Field(0.0, ge=0, allow_inf_nan=False)
    """Least that one showing must be worth."""
    relevance: float = Field(0.0, ge=0, le=1)
    """Least click probability, times quality, of what is shown."""
    click_probability: float = Field(0.01, gt=0, lt=1)
    """Of every advert, before one was learned (``shopkeeper ads``)."""
    refill_seconds: float = Field(5.0, gt=0)
    """Between two looks into the ledger, and at what other workers showed."""


class ShopConfig(_Section):
    """The whole of ``shopkeeper.toml``."""

    name: str = Field("My shop", min_length=1, max_length=100)
    language: str = Field("en", pattern="^(en|zh)$")
    currency: str = Field("USD", pattern="^[A-Z]{3}$")
    event_weights: EventWeights = EventWeights()
    cleaning: Cleaning = Cleaning()
    limits: Limits = Limits()
    privacy: Privacy = Privacy()
    encoders: EncoderSettings = EncoderSettings()
    chat: Chat = Chat()
    embed: Embed = Embed()
    actions: Actions = Actions()
    ads: Ads = Ads()
    lists: Lists = Lists()
    retrain: Retrain = Retrain()
    segments: dict[str, str] = {}
    """Rules that pick customers, by the name of the segment; see ``features/rules.py``."""
    rules: tuple[Rule, ...] = Field((), max_length=MOST_RULES)
    """What lists hold; see ``core/rules.py``."""


def parse_config(text: str, *, source: str = "shopkeeper.toml") -> ShopConfig:
    """Parse the text of a configuration file.

    Raises
    ------
    InvalidConfig
        The text is not TOML, or fields are unknown or break their rules: all faults are listed.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidConfig(f"{source} is not TOML: {error}.", hint="Mend that line and try again.") from None
    config, faults = None, []
    try:
        config = ShopConfig.model_validate(values)
    except ValidationError as error:
        faults = [_fault(dict(fault)) for fault in error.errors()]
    faults += contradictions(_whole_rules(values.get("rules")))
    if config is None or faults:
        count = f"{len(faults)} fault" + ("s" if len(faults) > 1 else "")
        lines = "".join(f"\n  - {fault}" for fault in faults)
        raise InvalidConfig(f"{source} has {count}:{lines}")
    return config


def load_config(path: Path) -> ShopConfig:
    """Read and parse a configuration file; see `parse_config`."""
    try:
        return parse_config(path.read_text(encoding="utf-8"), source=str(path))
    except FileNotFoundError:
        raise MissingFile(f"{path} does not exist.", hint="Create a shop with: shopkeeper init DIR") from None
    except UnicodeDecodeError as error:
        raise InvalidConfig(f"{path} is not UTF-8: {error.reason} at byte {error.start}.") from None


def _fault(fault: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"{where}: unknown key"
    return f"{where} = {fault['input']!r}: {fault['msg'].removeprefix('Value error, ')}"


def _whole_rules(values: object) -> list[Rule]:
    """The rules without fault, so that those that contradict each other are told beside all other faults."""
    rules = []
    for value in values if isinstance(values, list) else []:
        try:
            rules.append(Rule.model_validate(value))
        except ValidationError:
            continue
    return rules

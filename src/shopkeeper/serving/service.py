"""What the shop can be asked: one class that HTTP, pages, Python and the command line call alike.

Every method is synchronous, safe with several threads and about one person; `serving.http` and `web` call it
on their loop or from worker threads. All results are frozen values of `surfaces.page`.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import InvalidRequest, NotFound, NotTrained, ShopkeeperError, UnknownCustomer
from shopkeeper.core.ports import Clock
from shopkeeper.core.rules import Rule
from shopkeeper.core.types import DAY_MS, Bools, EventType
from shopkeeper.data.attribution import EVENT_COLUMNS
from shopkeeper.data.collect import Collecting, Verdict, collect_events, start_collecting
from shopkeeper.data.dataset import Dataset, event_weights
from shopkeeper.data.decisions import Decisions
from shopkeeper.data.impressions import MOST_SHOWN, showings
from shopkeeper.data.lately import Lately
from shopkeeper.data.store import Store
from shopkeeper.data.values import parse_id
from shopkeeper.evaluation.backtest import Progress, no_progress
from shopkeeper.evaluation.feedback import RowResult, results
from shopkeeper.privacy.erasure import Receipt, forget
from shopkeeper.privacy.identity import AsGiven, Identity
from shopkeeper.propensity.click_features import HEARD
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.model import Model
from shopkeeper.serving.ads import AdsAnswer, LiveAds
from shopkeeper.serving.batch import Everybody, write_lists
from shopkeeper.serving.campaigns import Campaigns, CampaignsAnswer, refused
from shopkeeper.serving.choices import Picker
from shopkeeper.serving.circles import LiveCircles
from shopkeeper.serving.decided import Identified, decision
from shopkeeper.serving.finder import EncoderChoice, Finder
from shopkeeper.serving.live import LiveHistories
from shopkeeper.serving.models import LiveModel
from shopkeeper.serving.person import GUEST, Person
from shopkeeper.serving.row_learner import RowLearner
from shopkeeper.serving.row_orders import RowOrders
from shopkeeper.serving.rulebook import Rulebook
from shopkeeper.serving.schedule import Schedule
from shopkeeper.serving.seen import Seen
from shopkeeper.serving.segments import Segments
from shopkeeper.serving.showroom import Showroom
from shopkeeper.serving.snapshots import FOLDER as SNAPSHOTS
from shopkeeper.serving.snapshots import Snapshots
from shopkeeper.serving.visits import Happening, Visits
from shopkeeper.surfaces import homepage, product, search
from shopkeeper.surfaces.adverts import Advert
from shopkeeper.surfaces.assortment import Assortment
from shopkeeper.surfaces.composer import FEWEST
from shopkeeper.surfaces.effects import BOUGHT, SHOWN, VARIED, Lists, RuleEffect, Step, effects, ids_by_row
from shopkeeper.surfaces.fresh import draw
from shopkeeper.surfaces.listing import Asked, Listed, listed
from shopkeeper.surfaces.page import (
    Answer,
    Card,
    Cart,
    CartLine,
    CategoryLink,
    CategoryPage,
    CustomerChoice,
    Done,
    Homepage,
    Known,
    ProductPage,
    Row,
    SearchPage,
    Style,
)
from shopkeeper.surfaces.query import Bounds, read_query
from shopkeeper.surfaces.row_order import AS_GIVEN
from shopkeeper.surfaces.segmentation import Segmentation
from shopkeeper.surfaces.slate import eligible
from shopkeeper.surfaces.styles import styles
from shopkeeper.surfaces.together import TOGETHER, Together
from shopkeeper.surfaces.variety import AS_RANKED
from shopkeeper.surfaces.visit import Visit
from shopkeeper.surfaces.wish import NO_WISH, Granted, Wish, grant

SURFACES: Final[dict[str, str]] = {
    "for_you": "",
    "buy_again": "repeat",
    "related": "cooccurrence",
    "trending": "trending",
    "popular": "popular",
}
"""What `Service.recommend` may be asked for, and the part of the model that answers; empty is the blend."""
FEWEST_ON_SHELF: Final = FEWEST
MOST_ON_SHELF: Final = 100
MOST_DAYS: Final = 90
"""How far back `Service.results` can look."""


@dataclass(frozen=True, slots=True)
class Results:
    """What came of what was shown.

    Attributes
    ----------
    days
        How far back they go.
    answers
        Answers that were counted; at most the newest so many.
    rows
        By surface, row and model version, the most shown first.
    """

    days: int
    answers: int
    rows: tuple[RowResult, ...]


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the shop can answer.

    Attributes
    ----------
    ready
        The log answers and a model is loaded.
    model_version
        The live model, empty before the first training.
    problems
        What is wrong, in words; may be filled although ``ready``: an old model serves, the new is damaged.
    """

    ready: bool
    model_version: str
    problems: tuple[str, ...]


class Service:
    """The live shop over a log, a catalogue and the current model.

    Parameters
    ----------
    config
        The shop's configuration.
    identity
        Turns raw ids into pseudonyms.
    store
        The log and the catalogue.
    models
        The live model.
    clock
        Where "now" comes from.
    finder
        What search needs; None finds by words alone, and keeps nothing on disk.
    encoder
        What reads the texts of adverts.
    """

    def __init__(
        self,
        config: ShopConfig,
        identity: Identity,
        store: Store,
        models: LiveModel,
        clock: Clock,
        finder: Finder | None = None,
        encoder: EncoderChoice = lambda texts: None,
    ) -> None:
        self.config = config
        self.identity = identity
        self.store = store
        self._models = models
        self._clock = clock
        self.decisions = Decisions(store)
        self.lately = Lately(store)
        self._live = LiveHistories(store)
        self._showroom = Showroom(store, currency=config.currency)
        models.prepare_with(self._showroom.prepare)
        self._weights = event_weights(config.event_weights)
        self._seen = Seen(self.decisions, store, days=config.lists.fatigue_days)
        self._circles = LiveCircles(store, self._live)
        self._visits = Visits(
            models, self._showroom, self._live, self._weights, clock, config.lists, self._seen, self._circles
        )
        self._picker = Picker(store)
        self._styles: tuple[Assortment, tuple[Style, ...]] | None = None
        self.finder = finder or Finder(store)
        self._segments = Segments(store, config)
        self._campaigns = Campaigns(store, config)
        self.snapshots = Snapshots(models.folder.parent)
        kept = models.folder.parent / SNAPSHOTS
        self._orders = RowOrders(kept)
        self._learner = RowLearner(store, kept, self._orders) if config.lists.learned_order else None
        self.ads = LiveAds(
            store.path.parent, config, store, self.decisions, self._segments, self.now, encoder
        )
        self._rulebook = Rulebook(config.rules)
        self.schedule = Schedule(models.folder.parent, store, config.retrain, clock)

    def prepare_models_with(self, prepare: Callable[[Model], None]) -> None:
        """Have something done with every model once its catalogue is laid out, before it serves."""
        self._models.prepare_with(prepare)

    def person(self, *, customer_id: str | None = None, session_id: str | None = None) -> Person:
        """The person behind raw ids; this is where they are pseudonymised.

        Raises
        ------
        InvalidRequest
            An id is empty or too long.
        """
        return Person(
            None if customer_id is None else self.identity.customer(_checked(c.CUSTOMER_ID, customer_id)),
            None if session_id is None else self.identity.session(_checked(c.SESSION_ID, session_id)),
        )

    def now(self) -> int:
        """The shop's own time, epoch milliseconds; see `Visits.now`."""
        return self._visits.now()

    def segments(self, by: str, *, as_of: int | None = None, since: int | None = None) -> Segmentation:
        """Customers divided as of a moment, that of the shop where None; see `segmentation.segment`."""
        return self._segments.of(by, self.now() if as_of is None else as_of, since)

    def campaigns(
        self,
        *,
        customer_id: str | None = None,
        campaign_id: str | None = None,
        k: int = 10,
        budget: float | None = None,
        as_of: int | None = None,
    ) -> CampaignsAnswer:
        """Campaigns for a person, or whom to send a campaign to; see `surfaces.campaign`.

        Raises
        ------
        InvalidRequest
            Both or neither are named, or a number breaks its rule.
        UnknownCustomer, UnknownCampaign
            There is none of this id.
        TooLittleData
            There is nothing to learn from.
        """
        moment = self.now() if as_of is None else as_of
        if customer_id is not None and campaign_id is None:
            person = self.require(self.person(customer_id=customer_id)).customer or ""
            return CampaignsAnswer(moment, campaigns=self._campaigns.of(person, moment, k))
        if campaign_id is not None and customer_id is None:
            return CampaignsAnswer(moment, plan=self._campaigns.plan(campaign_id, moment, k, budget))
        raise InvalidRequest("Give a customer_id or a campaign_id, one of the two.")

    def refused(self) -> set[str]:
        """Pseudonyms of customers who withdrew consent."""
        return refused(self.store)

    # Events

    def collect(self, rows: Sequence[Any]) -> list[Verdict]:
        """Store events with raw ids; a verdict a row, in order. Returns when all stored rows are on disk."""
        return self.start_collecting(rows).verdicts()

    def start_collecting(self, rows: Sequence[Any]) -> Collecting:
        """`collect` without the wait for the disk."""
        shop_time = self.now()
        timed = [_timed(row, shop_time) for row in rows]
        return start_collecting(
            self.store, timed, config=self.config, identity=self.identity, now=self._clock()
        )

    def record(
        self,
        person: Person,
        event_type: str,
        item_id: str | None = None,
        *,
        quantity: float | None = None,
        request_id: str | None = None,
        item_list_id: str | None = None,
        event_id: str | None = None,
        search_term: str | None = None,
    ) -> list[Verdict]:
        """Store an event of a person known by pseudonym, just now: what a page of ours calls on a click.

        ``purchase`` without an item buys the whole cart, one event a line. Prices come from the catalogue.
        A verdict an event; none for an empty cart. The same ``event_id`` again stores nothing; without one
        every call is an event of its own.
        """
        event_id = event_id or secrets.token_hex(16)
        extra = {c.REQUEST_ID: request_id, c.ITEM_LIST_ID: item_list_id, c.SEARCH_TERM: search_term}
        if event_type == EventType.purchase.name and item_id is None:
            extra[c.TRANSACTION_ID] = event_id
            lines = self.cart(person).lines
            rows = [self._event(person, event_type, line.card, line.quantity) | extra for line in lines]
            rows = [row | {c.EVENT_ID: f"{event_id}:{row[c.ITEM_ID]}"} for row in rows]
        else:
            card = None if item_id is None else self.item(item_id)
            rows = [self._event(person, event_type, card, quantity) | extra | {c.EVENT_ID: event_id}]
        return collect_events(self.store, rows, config=self.config, identity=AsGiven(), now=self._clock())

    # Answers

    def recommend(
        self,
        person: Person = GUEST,
        *,
        k: int = 10,
        history: Sequence[Happening] | None = None,
        exclude: Sequence[str] = (),
        category: str | None = None,
        surface: str = "for_you",
        wish: Wish = NO_WISH,
        rules: Sequence[Rule] = (),
        bought_days: float | None = None,
        diversity: float | None = None,
        calibration: float | None = None,
        debug: bool = False,
    ) -> Answer:
        """At most ``k`` items for a person, or for a history given in their place.

        Parameters
        ----------
        person
            Whom for; passed over where a history is given.
        k
            Length of the list.
        history
            What the person did, in place of the log.
        exclude
            Items that must not be answered; unknown ones are passed over.
        category
            Only items of this category.
        surface
            One of `SURFACES`.
        wish
            What they say they want. Of ``for_you``, what it asks for comes first.
        rules
            What holds for this list beside the rules of the shop.
        bought_days
            How long a purchase is left out of this list, unless people buy such things again.
        diversity, calibration
            How much the list ``for_you`` gives up for being varied, 0 to .5; what the shop does where None.
        debug
            Tell what each rule did, at the price of a list a rule.

        Raises
        ------
        InvalidRequest
            ``k`` lies outside 1 to ``limits.max_k``, or ``surface``, ``category`` or a style does not exist,
            or rules contradict each other.
        NotTrained
            No model has been promoted yet.
        NotIndexed
            There is a sentence, and search is still getting ready.
        """
        self._check_k(k)
        model = self._models.required()
        visit = self._visits.given(history, model) if history is not None else self._visits.of(person, model)
        codes = tuple(visit.stock.codes[item] for item in exclude if item in visit.stock.codes)
        allowed = eligible(visit.stock, category=_category(visit, category))
        asked = Asked(surface, _part(model, surface), k, allowed, codes)
        answer = _request_id()

        def of(visit: Visit) -> Listed:
            led, granted = self._granted(visit, wish, k)
            among = _among(led, category, codes)
            return listed(led, asked, among, granted, lambda: _chance(answer))

        days = visit.bought_days if bought_days is None else bought_days
        visit = replace(
            visit,
            ruled=self._rulebook.joined(rules, visit.stock),
            bought_days=days,
            variety=visit.variety.but(diversity, calibration),
        )
        found = of(visit)
        self._rulebook.tell(found.warnings)
        told = self._effects(visit, lambda some: (_row(surface, of(some).cards),)) if debug else ()
        note = _note(person, visit, history)
        out = Answer(answer, model.version, found.cards, note, found.warnings, told)
        self._decided(out, "recommendations", person, _row(surface, found.cards))
        return out

    def recommend_together(
        self,
        people: Sequence[Person],
        *,
        k: int = 10,
        exclude: Sequence[str] = (),
        category: str | None = None,
        rules: Sequence[Rule] = (),
    ) -> Answer:
        """At most ``k`` items for several customers at once; see `surfaces.together`.

        Whoever has not agreed to be heard by others is not: the list would tell them what the person likes.

        Raises
        ------
        InvalidRequest
            Nobody agreed to it, ``k`` is out of bounds, the category does not exist, or rules contradict
            each other.
        NotTrained
            No model has been promoted yet.
        """
        self._check_k(k)
        model = self._models.required()
        heard = [person for person in people if self.store.may_be_heard(person.customer or "")]
        if not heard:
            raise InvalidRequest(
                f"customer_ids: none of the {len(people)} has agreed to be heard by the others.",
                hint="Import customers with consent = yes.",
            )
        visits = [self._visits.of(person, model) for person in heard]
        guest = self._visits.of(GUEST, model)
        guest = replace(guest, ruled=self._rulebook.joined(rules, guest.stock), barred=_any_closed(visits))
        codes = tuple(guest.stock.codes[item] for item in exclude if item in guest.stock.codes)
        allowed = eligible(guest.stock, category=_category(guest, category))
        part = Together(model.default, [visit.request for visit in visits])
        among, answer = _among(guest, category, codes), _request_id()
        found = listed(guest, Asked(TOGETHER, part, k, allowed, codes), among, (), lambda: _chance(answer))
        self._rulebook.tell(found.warnings)
        left = len(people) - len(heard)
        note = f"{left} of {len(people)} have not agreed to be heard by the others." if left else ""
        out = Answer(answer, model.version, found.cards, note, found.warnings)
        self._decided(out, "recommendations", GUEST, _row(TOGETHER, found.cards))
        return out

    def recommend_by(self, model: Model, person: Person, *, k: int = 10) -> Answer:
        """What a model that need not be the live one would recommend, to compare it with others."""
        self._check_k(k)
        showroom = Showroom(self.store, currency=self.config.currency)
        visits = Visits(self._models, showroom, self._live, self._weights, self._clock, circles=self._circles)
        visit = visits.of(person, model)
        ranked = visit.ask(model.default, k, allowed=eligible(visit.stock))
        return Answer(_request_id(), model.version, visit.cards(ranked, ranked.items))

    def preview(self, person: Person, *, k: int = 10, surface: str = "for_you") -> Answer:
        """What `recommend` would answer, for somebody else to look at; it is not logged."""
        self._check_k(k)
        model = self._models.required()
        visit = self._visits.of(person, model)
        visit = self._ruled(visit)
        ranked = visit.ask(_part(model, surface), k, allowed=eligible(visit.stock))
        return Answer(_request_id(), model.version, visit.cards(ranked, ranked.items))

    def recommend_all(
        self,
        out: Path,
        log: Dataset,
        customers: pl.Series | None = None,
        *,
        k: int = 10,
        progress: Progress = no_progress,
    ) -> int:
        """Write a list for every customer to a Parquet file; see `batch.write_lists`.

        Parameters
        ----------
        out
            The file.
        log
            The cleaned log.
        customers
            Raw ids of those to answer; None answers everybody in the log, by pseudonym.
        k
            Length of a list.
        progress
            Told of customers answered.

        Returns
        -------
        Customers answered.
        """
        self._check_k(k)
        model = self._models.required()
        named = pl.Series(log.people, dtype=pl.String) if customers is None else customers
        people = named if customers is None else self.identity.customers(named)
        stock = self._showroom.assortment(model)
        reserved = stock.reserved[: stock.known]
        everybody = Everybody(named, people, self._over(log, model), self.store.customers(), reserved)
        allowed = eligible(stock)
        barred = self._rulebook.own(stock).barred
        if barred is not None:
            allowed = allowed & ~barred[: stock.known]
        return write_lists(model, everybody, out, as_of=self.now(), allowed=allowed, k=k, progress=progress)

    def _over(self, log: Dataset, model: Model) -> Dataset:
        """A log in the codes of a model, with what people were shown where the model reads that."""
        own = log.over(model.items)
        if not model.reads_looks:
            return own
        shown, events = self.decisions.shown(most=MOST_SHOWN), self.store.scan(EVENT_COLUMNS)
        return replace(own, showings=showings(shown, events, own))

    def similar(self, item_id: str, *, k: int = 10) -> Answer:
        """Items that go with an item.

        Raises
        ------
        UnknownItem
            The item is not in the catalogue.
        """
        self._check_k(k)
        model = self._models.required()
        visit = self._ruled(self._visits.of(GUEST, model))
        cards = product.similar_cards(visit, visit.stock.code(item_id), k)
        answer = Answer(_request_id(), model.version, cards)
        self._decided(answer, "similar", GUEST, _row("similar", cards))
        return answer

    def homepage(
        self,
        person: Person = GUEST,
        *,
        k: int = 12,
        history: Sequence[Happening] | None = None,
        wish: Wish = NO_WISH,
        debug: bool = False,
    ) -> Homepage:
        """The homepage of a person, ``k`` cards a row at most; by category before the first training.

        A ``history`` that came with the request is taken in place of what the log knows of the person. With
        ``debug`` the page tells what each rule did, at the price of a page a rule.

        Raises
        ------
        InvalidRequest
            ``k`` is out of bounds, or the wish names a style that does not exist.
        InvalidQuery
            The sentence of the wish is too long.
        NotIndexed
            There is a sentence, and search is still getting ready.
        """
        if not FEWEST_ON_SHELF <= k <= MOST_ON_SHELF:
            raise InvalidRequest(f"k = {k} must be between {FEWEST_ON_SHELF} and {MOST_ON_SHELF}.")
        model = self._models.current()
        visit = self._visits.of(person, model) if history is None else self._visits.given(history, model)
        answer = _request_id()

        def of(visit: Visit) -> tuple[Visit, homepage.Composed]:
            led, granted = self._granted(visit, wish, k)
            return led, homepage.composed(
                led, k, granted, draw(led, lambda: led.open, _chance(answer)), order
            )

        order = AS_GIVEN
        if self._learner:
            self._learner.start()
            order = self._orders.draw(lambda: _chance(answer).spawn(1)[0], person.customer or person.session)
        visit = self._ruled(visit)
        wished, found = of(visit)
        self._rulebook.tell(found.warnings)
        page = Homepage(
            answer,
            _version(model),
            found.rows,
            homepage.categories(wished),
            () if wished.is_known else self._styles_of(wished),
            found.warnings,
            self._effects(visit, lambda some: of(some)[1].rows) if debug else (),
        )
        self._decided(page, "homepage", person if history is None else GUEST, *found.rows)
        return page

    def product(self, item_id: str, person: Person = GUEST, *, k: int = 8) -> ProductPage:
        """One product's page; raises `UnknownItem`."""
        self._check_k(k)
        model = self._models.current()
        visit = self._ruled(self._visits.of(person, model))
        code = visit.stock.code(item_id)
        similar, together = product.product_rows(visit, code, k)
        card = product.explained_card(visit, code)
        page = ProductPage(_request_id(), _version(model), card, similar, together)
        self._decided(page, "product", person, similar, together)
        return page

    def category(self, name: str, person: Person = GUEST, *, k: int = 48) -> CategoryPage:
        """One category in personal order; raises `NotFound`."""
        self._check_k(k)
        model = self._models.current()
        visit = self._visits.of(person, model).plain
        code = visit.stock.category_code(name)
        cards = product.category_cards(visit, code, k)
        count = int(visit.stock.category_sizes[code])
        page = CategoryPage(_request_id(), _version(model), name, count, cards)
        self._decided(page, "category", person, _row("category", cards))
        return page

    def categories(self, person: Person = GUEST) -> tuple[CategoryLink, ...]:
        """The category navigation alone, for pages other than the homepage."""
        return homepage.categories(self._visits.of(person, self._models.current()))

    def search(
        self, typed: str, person: Person = GUEST, *, k: int = 24, bounds: Bounds | None = None
    ) -> SearchPage:
        """The best ``k`` results of a query, in the order that suits the person.

        Parameters
        ----------
        typed
            What was typed. Prices it names in words ("under 50", "100元以下") draw the bounds tighter.
        person
            Who asks.
        k
            Most results.
        bounds
            What may be found.

        Raises
        ------
        InvalidQuery
            The query is empty or too long.
        InvalidRequest
            ``k`` or a bound breaks its rule, or there is no such category.
        NotIndexed
            Search is still getting ready.
        """
        self._check_k(k)
        wanted = read_query(typed, bounds)
        model = self._models.current()
        visit = self._visits.of(person, model).plain
        _category(visit, wanted.bounds.category)
        found, facets, count = search.search(visit, self.finder.index(), wanted, k)
        low, high = wanted.bounds.min_price, wanted.bounds.max_price
        page = SearchPage(_request_id(), _version(model), typed, low, high, count, found, facets)
        self._decided(page, "search", person, _row("search", found))
        return page

    def adverts(
        self,
        person: Person = GUEST,
        *,
        placement: str,
        places: int = 1,
        history: Sequence[Happening] | None = None,
        adverts: Sequence[Advert] | None = None,
        only: Sequence[str] | None = None,
    ) -> AdsAnswer:
        """Adverts for a place on a page; see `ads.LiveAds.answer`.

        A ``history`` that came with the request is taken in place of what the log knows of the person.
        """
        stock = self._showroom.assortment(self._models.current())
        deeds = history if history is not None else self._live.trail(person).deeds if person.known else ()
        codes = (stock.codes.get(one.item_id or "") for one in deeds[-HEARD:])
        categories = [None if code is None else stock.texts[c.CATEGORY][code] for code in codes]
        return self.ads.answer(
            person, placement=placement, places=places, categories=categories, adverts=adverts, only=only
        )

    def results(self, *, days: int = 30) -> Results:
        """What came of what was shown within so many days; events of the last moment included.

        Raises
        ------
        InvalidRequest
            ``days`` lies outside 1 to 90.
        """
        if not 1 <= days <= MOST_DAYS:
            raise InvalidRequest(f"days = {days} must be between 1 and {MOST_DAYS}.")
        self.decisions.flush()
        shown = self.decisions.shown(since=self.now() - days * DAY_MS)
        found = results(shown, self.lately.events())
        return Results(days, shown[c.REQUEST_ID].n_unique(), found)

    # People and items

    def customers(self, limit: int = 24) -> tuple[CustomerChoice, ...]:
        """Customers with different tastes to choose from in a demonstration; pseudonyms only."""
        stock = self._showroom.assortment(self._models.current())
        chosen = (self.describe(Person(name)) for name in self._picker.choose(stock, limit))
        return tuple(choice for choice in chosen if choice is not None)

    def describe(self, person: Person) -> CustomerChoice | None:
        """The picker's entry of one customer, None if nothing is known of them."""
        trail = self._live.trail(person)
        if person.customer is None or not trail.deeds:
            return None
        visit = self._visits.of(person, self._models.current())
        categories = self._picker.favourites(visit.stock, visit.tastes)
        return CustomerChoice(person.customer, categories, len(trail.deeds), trail.deeds[-1].time)

    def cart(self, person: Person) -> Cart:
        """What the person's cart holds, from their own events; items no longer sold are left out."""
        stock = self._showroom.assortment(self._models.current())
        content = self._live.trail(person).cart(self.now())
        held = [(stock.card(stock.codes[item]), n) for item, n in content.items() if item in stock.codes]
        lines = tuple(CartLine(card, quantity) for card, quantity in reversed(held) if card.in_stock)
        total = sum(line.card.price * line.quantity for line in lines if line.card.price is not None)
        return Cart(lines, round(total, 2), lines[0].card.currency if lines else self.config.currency)

    def item(self, item_id: str) -> Card:
        """One item as a bare card; raises `UnknownItem`."""
        stock = self._showroom.assortment(self._models.current())
        return stock.card(stock.code(item_id))

    def erase(self, customer_id: str) -> Receipt:
        """Forget a customer and the sessions that are theirs alone, and search for what is left.

        Raises
        ------
        UnknownCustomer
            No event and no record of this customer.
        """
        person = self.person(customer_id=customer_id)
        return self.erase_person(person)

    def erase_person(self, person: Person) -> Receipt:
        """`erase` of a person known by pseudonym."""
        name = person.customer or person.session or ""
        people = self.store.linked(name)
        self.decisions.flush()
        receipt = forget(self.store, name)
        self._live.forget(people)
        self.ads.forget(people)
        self.snapshots.forget(people)
        self._orders.forget(people)
        return receipt

    def retract(self, person: Person, deed: Done) -> int:
        """Delete one thing a person did, because they say so; how many events that were."""
        return self._delete_events(person, [deed.item_id], (deed.kind, deed.time))

    def drop_interest(self, person: Person, category: str) -> int:
        """Delete all a person did with items of a category, because they say so; how many events.

        Raises
        ------
        NotFound
            No item is in such a category.
        """
        stock = self._showroom.assortment(self._models.current())
        code = stock.category_code(category)
        touched = {deed.item_id for deed in self._live.trail(person).deeds}
        items = [
            item for item in touched if item in stock.codes and stock.category[stock.codes[item]] == code
        ]
        return self._delete_events(person, items)

    def _delete_events(
        self, person: Person, items: Sequence[str], only: tuple[str, int] | None = None
    ) -> int:
        deleted = self.store.delete_events(self._own(person), items, only)
        self.snapshots.forget(self._own(person))
        return deleted

    def _own(self, person: Person) -> tuple[str, ...]:
        """Every pseudonym whose events count as this person's."""
        return self._live.trail(person).people

    def require(self, person: Person) -> Person:
        """The person, if anything is kept of them.

        Raises
        ------
        UnknownCustomer
            No event and no record of this customer.
        """
        if not self.store.is_known(person.customer or ""):
            raise UnknownCustomer(
                "customer_id: no event and no record of this customer.",
                hint="Check the id. A guest is served without one, or by session_id.",
            )
        return person

    def knows(self, person: Person, *, limit: int = 30) -> Known:
        """What is known of a person: how much, and the last ``limit`` things they did, the newest first."""
        deeds = self._live.trail(person).deeds if person.known else ()
        recent = tuple(Done(deed.kind.name, deed.item_id, deed.time) for deed in reversed(deeds[-limit:]))
        last = deeds[-1].time if deeds else 0
        return Known(len(deeds), len({deed.item_id for deed in deeds}), last, recent)

    def close(self) -> None:
        """Finish what waits to be written and let go of the store."""
        self.schedule.close()
        if self._learner:
            self._learner.close()
        self.finder.close()
        self.ads.close()
        self.decisions.close()
        self.store.close()

    def ready(self) -> Readiness:
        """Whether the shop can answer, and what is wrong if anything."""
        problems = []
        try:
            self.store.last_seq()
        except ShopkeeperError as error:
            problems.append(str(error))
        alive = not problems
        model = self._models.current()
        if self._models.problem:
            problems.append(self._models.problem)
        elif model is None:
            problems.append(
                str(NotTrained("No model yet.", hint="Train one with: shopkeeper train --shop DIR"))
            )
        return Readiness(alive and model is not None, _version(model), tuple(problems))

    # Inside

    def _decided(self, answer: Identified, surface: str, person: Person, *rows: Row | None) -> None:
        self.decisions.log(decision(answer, surface, person, self.now(), rows))

    def _styles_of(self, visit: Visit) -> tuple[Style, ...]:
        """Styles to choose from; the same for everybody, and found once for each assortment."""
        kept = self._styles
        if kept is None or kept[0] is not visit.stock:
            kept = self._styles = (visit.stock, styles(visit))
        return kept[1]

    def _granted(self, visit: Visit, wish: Wish, k: int) -> tuple[Visit, tuple[Granted, ...]]:
        """The visit of somebody who says what they want."""
        return grant(visit, wish.checked(), k, self.finder.index) if wish else (visit, ())

    def _ruled(self, visit: Visit) -> Visit:
        """The visit under the rules of the shop."""
        return replace(visit, ruled=self._rulebook.own(visit.stock))

    def _effects(self, visit: Visit, rows: Callable[[Visit], Sequence[Row]]) -> tuple[RuleEffect, ...]:
        """What each rule, and what lists remember of the person, did to the rows of an answer."""

        def lists(some: Sequence[Step]) -> Lists:
            rules = [step for step in some if isinstance(step, Rule)]
            under = replace(
                visit,
                ruled=self._rulebook.of(rules, visit.stock),
                bought_days=visit.bought_days if BOUGHT in some else 0.0,
                fatigue=visit.fatigue if SHOWN in some else None,
                variety=visit.variety if VARIED in some else AS_RANKED,
            )
            return ids_by_row(rows(under))

        return effects((BOUGHT, SHOWN, *visit.ruled.rules, VARIED), lists)

    def _event(
        self, person: Person, event_type: str, card: Card | None, quantity: float | None
    ) -> dict[str, Any]:
        row: dict[str, Any] = {
            c.TIMESTAMP: self.now(),
            c.CUSTOMER_ID: person.customer,
            c.SESSION_ID: person.session,
            c.EVENT_TYPE: event_type,
            c.QUANTITY: quantity,
        }
        if card is not None:
            row |= {c.ITEM_ID: card.item_id, c.PRICE: card.price, c.CURRENCY: card.currency}
        return row

    def _check_k(self, k: int) -> None:
        most = self.config.limits.max_k
        if not 1 <= k <= most:
            raise InvalidRequest(
                f"k = {k} must be between 1 and {most}.",
                hint="limits.max_k in shopkeeper.toml sets the bound.",
            )


def _checked(field: str, raw: str) -> str:
    """An id as the log keeps it."""
    text, reason = parse_id(raw)
    if text is None:
        raise InvalidRequest(f"{field} {'is too long' if reason else 'is empty'}.")
    return str(text)


def _part(model: Model, surface: str) -> Recommender | None:
    if surface not in SURFACES:
        raise InvalidRequest(
            f"surface = {surface[:80]!r} does not exist.", hint=f"There are {', '.join(SURFACES)}."
        )
    return model.parts.get(SURFACES[surface]) if SURFACES[surface] else model.default


def _category(visit: Visit, name: str | None) -> int | None:
    if name is None:
        return None
    try:
        return visit.stock.category_code(name)
    except NotFound as error:
        raise InvalidRequest(error.message, hint=error.hint) from None


def _any_closed(visits: Sequence[Visit]) -> Bools | None:
    """What must not be shown to one of several people."""
    masks = [visit.closed for visit in visits if visit.closed is not None]
    return np.logical_or.reduce(masks) if masks else None


def _among(visit: Visit, category: str | None, left_out: Sequence[int]) -> Bools:
    """What may be answered, shape ``(len(visit.stock),)``."""
    code = _category(visit, category)
    mask = visit.open if code is None else visit.open & (visit.stock.category == code)
    mask = mask.copy()
    mask[list(left_out)] = False
    return mask


def _chance(answer: str) -> np.random.Generator:
    """Decides what is left to chance in an answer, so that it can be decided again."""
    return np.random.default_rng(int(answer, 16))


def _note(person: Person, visit: Visit, history: Sequence[Happening] | None) -> str:
    if visit.is_known or (history is None and not person.known):
        return ""
    if history is not None:
        return "No event of the history names an item the model knows: this is a guest's list."
    return "Nothing is known of this person yet: this is a guest's list."


def _row(name: str, cards: tuple[Card, ...]) -> Row:
    return Row(name, "", "", cards)


def _request_id() -> str:
    return secrets.token_hex(12)


def _version(model: Model | None) -> str:
    return model.version if model else ""


def _timed(row: Any, now: int) -> Any:
    """A row that says when; what is no row, or says it, stays as it is."""
    if isinstance(row, dict) and row.get(c.TIMESTAMP) is None:
        return {**row, c.TIMESTAMP: now}
    return row

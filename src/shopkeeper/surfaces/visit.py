"""One person in front of one model: how surfaces ask recommenders, whatever these are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import cast

import numpy as np

from shopkeeper.core.config import EventWeights
from shopkeeper.core.types import (
    DAY_MS,
    Bools,
    Circle,
    EventType,
    Evidence,
    Floats,
    Histories,
    Ints,
    Looks,
    Ragged,
    Recommendations,
    Requests,
    distinct,
)
from shopkeeper.data.dataset import event_weights
from shopkeeper.recommenders.base import Explains, Ranks, Recommender
from shopkeeper.recommenders.model import Model
from shopkeeper.surfaces.assortment import Assortment
from shopkeeper.surfaces.fatigue import Fatigue, Tired
from shopkeeper.surfaces.favour import DEEP, favoured
from shopkeeper.surfaces.page import UNSAID, Card, Reason
from shopkeeper.surfaces.reasons import Wording
from shopkeeper.surfaces.rules import NO_RULES, Ruled
from shopkeeper.surfaces.slate import offered
from shopkeeper.surfaces.variety import AS_RANKED, Variety, alike, varied


@dataclass(frozen=True, slots=True)
class Ranked:
    """Items a recommender answered with, best first.

    Attributes
    ----------
    items, scores
        Code and score of each.
    sources
        Name of the recommender that put each here.
    by
        What answered, to be asked why; None where nothing can say.
    chances
        Items that stand there by chance, and with which probability.
    """

    items: list[int]
    scores: list[float]
    sources: list[str]
    by: Explains | None = None
    chances: Mapping[int, float] = field(default_factory=dict)

    def only(self, items: Sequence[int]) -> "Ranked":
        """Some of the ranking, in the order given."""
        place = {item: i for i, item in enumerate(self.items)}
        return Ranked(
            list(items),
            [self.scores[place[item]] for item in items],
            [self.sources[place[item]] for item in items],
            self.by,
            self.chances,
        )


NOTHING = Ranked([], [], [])
_NO_EVIDENCE = Evidence("")
_UNMET = 1_000
"""How far the ranking of unmet items goes: deep enough to find some of many categories."""


@dataclass(frozen=True)
class Visit:
    """One person, now.

    Attributes
    ----------
    model
        The live model, None before the first training.
    stock
        The live catalogue along the model's codes.
    histories
        A batch of one.
    as_of
        Now, epoch milliseconds.
    cart
        Codes of what lies in the cart, last added first.
    attributes
        What is known of the person beside what they did; see `Requests.attributes`.
    barred
        Shape ``(len(stock),)``: what the person does not want to see; None for nothing.
    done
        What the person did, where ``histories`` also holds what they merely said they want; None where both
        are the same.
    wished
        What they merely said they want, with why it stands in the history.
    weights
        How strongly each kind of event speaks in this shop, indexed by `EventType`.
    ruled
        What the shop's rules, and those of the request, do to lists.
    bought_days
        How long a purchase is not shown again, unless people buy such things again; 0 shows everything.
    fatigue
        What the person was shown; None where that does not matter.
    variety
        How much the person's own list gives up for being varied.
    circle
        What those like whom the person hears; None where they hear nobody.
    looks
        What the person was shown, as recommenders read it; None where none does.
    """

    model: Model | None
    stock: Assortment
    histories: Histories
    as_of: int
    cart: tuple[int, ...] = ()
    attributes: Ints | None = None
    barred: Bools | None = None
    done: Histories | None = None
    wished: Mapping[int, Reason] = field(default_factory=dict)
    weights: Floats = field(default_factory=lambda: event_weights(EventWeights()))
    ruled: Ruled = NO_RULES
    bought_days: float = 0.0
    fatigue: Fatigue | None = None
    variety: Variety = AS_RANKED
    circle: Circle | None = None
    looks: Looks | None = None

    @property
    def plain(self) -> "Visit":
        """The same for a list that somebody asks for: nothing is left out or sinks for what was before."""
        return replace(self, bought_days=0.0, fatigue=None, variety=AS_RANKED)

    @cached_property
    def request(self) -> Requests:
        """The question "what should this person see now?", without bounds."""
        now = np.array([self.as_of], np.int64)
        return Requests(
            self.histories, now, attributes=self.attributes, circle=self.circle, looks=self.looks, heard={}
        )

    @cached_property
    def words(self) -> Wording:
        """Wording for this person."""
        return Wording(self.stock, self._own, self.as_of, self.wished)

    @property
    def _own(self) -> Histories:
        return self.histories if self.done is None else self.done

    @cached_property
    def closed(self) -> Bools | None:
        """What must not be shown, by the person or by rules, shape ``(len(stock),)``; None for nothing."""
        masks = [mask for mask in (self.barred, self.ruled.barred) if mask is not None]
        if len(self.rested):
            own = np.zeros(len(self.stock), bool)
            own[self.rested] = True
            masks.append(own)
        return np.logical_or.reduce(masks) if len(masks) > 1 else next(iter(masks), None)

    @cached_property
    def rested(self) -> Ints:
        """Items bought within `bought_days` that people do not buy again."""
        lately = (self._own.kinds == EventType.purchase) & (
            self._own.times >= self.as_of - self.bought_days * DAY_MS
        )
        if self.model is None or not self.bought_days or not lately.any():
            return np.empty(0, np.int32)
        items = distinct(self._own.items[lately])
        return np.asarray(items[~self.model.repeatable[items]])

    @cached_property
    def tired(self) -> Tired | None:
        """What sinks in lists, as it was shown and not taken up."""
        return None if self.fatigue is None else self.fatigue.tired(self._own, self.as_of)

    @property
    def open(self) -> Bools:
        """What may be shown to the person, shape ``(len(stock),)``."""
        return self.stock.showable if self.closed is None else self.stock.showable & ~self.closed

    @property
    def is_known(self) -> bool:
        """Whether anything is known of the person."""
        return len(self.histories.summary_items) > 0

    @cached_property
    def tastes(self) -> Floats:
        """Share of the history spent in each category of ``stock.categories``; sums to 1 or is all 0."""
        category = self.stock.category[self.histories.summary_items]
        counts = self.histories.summary_counts[category >= 0]
        spent = np.bincount(category[category >= 0], counts, minlength=len(self.stock.categories))
        return np.asarray(spent / max(spent.sum(), 1), np.float32)

    @cached_property
    def last_items(self) -> tuple[int, ...]:
        """Distinct items of the recent events, the last one first."""
        return tuple(dict.fromkeys(self._own.items[::-1].tolist()))

    @cached_property
    def met(self) -> frozenset[int]:
        """Items the person ever touched."""
        return frozenset(self._own.summary_items.tolist())

    @cached_property
    def unmet(self) -> "Ranked":
        """The default's ranking of what may be shown and the person never touched; asked for once a page."""
        return self.ask(self.default(), _UNMET, allowed=offered(self.stock), exclude=sorted(self.met))

    @cached_property
    def only_looked_at(self) -> frozenset[int]:
        """Items among the recent events that none of them bought."""
        bought = self.histories.items[self.histories.kinds == EventType.purchase]
        return frozenset(self.histories.items.tolist()) - frozenset(bought.tolist())

    def part(self, name: str) -> Recommender | None:
        """One part of the model, None if it has no such part."""
        return self.model.parts.get(name) if self.model else None

    def default(self) -> Recommender | None:
        """What answers unless a part is asked for by name."""
        return self.model.default if self.model else None

    def ask(
        self, recommender: Ranks | None, k: int, *, allowed: Bools, exclude: Sequence[int] = ()
    ) -> Ranked:
        """Ranking of one recommender for this person; nothing where it is absent.

        Parameters
        ----------
        allowed
            Shape ``(stock.known,)``.
        exclude
            Item codes; those newer than the model are ignored.
        """
        allowed = self._unbarred(allowed)
        if recommender is None or not allowed.any():
            return NOTHING
        left_out = [code for code in exclude if code < self.stock.known]
        requests = replace(self.request, exclude=Ragged.of([sorted(set(left_out))]))
        depth = k if self.tired is None else max(k, DEEP)
        found = favoured(recommender, requests, allowed, depth, self.ruled.factors)
        return _ranked(found if self.tired is None else self.tired.sink(found, k), by=recommender)

    def varied(self, ranked: Ranked, k: int) -> Ranked:
        """A ranking whose first ``k`` are varied; see `variety`. The others follow in their order."""
        if not self.variety or len(ranked.items) < 3:
            return ranked
        codes = np.array(ranked.items[:DEEP])
        places = varied(
            np.array(ranked.scores[:DEEP], np.float32),
            alike(self.stock.entries[codes]),
            self.stock.category[codes],
            self.tastes,
            k,
            self.variety,
        )
        first = codes[places].tolist()
        chosen = set(first)
        return ranked.only([*first, *(item for item in ranked.items if item not in chosen)])

    def going_with(self, items: Sequence[int], k: int, *, allowed: Bools) -> Ranked:
        """What goes with these items together: scores of each one's list are added up."""
        known = [code for code in items if code < self.stock.known]
        allowed = self._unbarred(allowed)
        # Lists are cut before `allowed` can be applied, so more is asked for.
        asked = self.model.similar(np.array(known, np.int32), 8 * k + 40) if self.model and known else None
        if asked is None:
            return NOTHING
        answer = _ranked(asked)
        totals: dict[int, float] = {}
        sources: dict[int, str] = {}
        for item, score, source in zip(answer.items, answer.scores, answer.sources, strict=True):
            if allowed[item] and item not in known:
                totals[item] = totals.get(item, 0.0) + score
                sources.setdefault(item, source)
        if self.ruled.factors is not None:
            totals = {item: total * float(self.ruled.factors.values[item]) for item, total in totals.items()}
        if self.tired is not None:
            sinking = self.tired.of(np.fromiter(totals, np.int32, len(totals))).tolist()
            totals = {item: totals[item] * factor for item, factor in zip(totals, sinking, strict=True)}
        best = sorted(totals, key=lambda item: (-totals[item], item))[:k]
        return Ranked(best, [totals[item] for item in best], [sources[item] for item in best])

    def cards(self, ranked: Ranked, chosen: Sequence[int]) -> tuple[Card, ...]:
        """Cards of items chosen from a ranking, each with the reason its recommender gives."""
        return self.reasoned(self.cards_because(ranked, chosen), ranked, chosen, self.why(ranked.by, chosen))

    def why(self, by: Explains | None, items: Sequence[int]) -> dict[int, Evidence]:
        """What a recommender says of items it put somewhere; what it cannot explain is absent.

        Asked once about the items of many lists it does the work of one.
        """
        known = [item for item in items if item < self.stock.known]
        if by is None or not known:
            return {}
        return dict(zip(known, by.explain(self.request, np.array(known, np.int32)), strict=True))

    def reasoned(
        self, cards: Sequence[Card], ranked: Ranked, chosen: Sequence[int], why: Mapping[int, Evidence]
    ) -> tuple[Card, ...]:
        """Cards of items chosen from a ranking, with the reason that evidence gives for each."""
        told = [why.get(item, _NO_EVIDENCE) for item in chosen]
        return tuple(
            replace(
                card,
                reason=self.words.reason(item, evidence),
                source=card.source if item in ranked.chances else evidence.source or card.source,
                evidence_item_ids=tuple(
                    self.stock.ids[code] for code in evidence.items if code not in self.wished
                ),
            )
            for item, card, evidence in zip(chosen, cards, told, strict=True)
        )

    def cards_because(
        self, ranked: Ranked, chosen: Sequence[int], reason: Reason = UNSAID, evidence: Sequence[int] = ()
    ) -> tuple[Card, ...]:
        """Cards of items chosen from a ranking that all stand there for one reason."""
        place = {item: i for i, item in enumerate(ranked.items)}
        return tuple(
            self.stock.card(
                item,
                reason=reason,
                source=ranked.sources[place[item]],
                score=ranked.scores[place[item]],
                evidence=evidence,
                probability=ranked.chances.get(item, 1.0),
            )
            for item in chosen
        )

    def _unbarred(self, allowed: Bools) -> Bools:
        return allowed if self.closed is None else allowed & ~self.closed[: len(allowed)]


def _ranked(answer: Recommendations, by: Ranks | None = None) -> Ranked:
    items: Ints = answer.items
    return Ranked(
        items.tolist(),
        answer.scores.tolist(),
        [answer.source_names[source] for source in answer.sources.tolist()],
        # By name: whether an object keeps a protocol costs a live request more than a list.
        cast(Explains, by) if hasattr(by, "explain") else None,
    )

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
    Longs,
    Looks,
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
        at = dict(zip(self.items, range(len(self.items)), strict=True))
        places = [at[item] for item in items]
        return Ranked(
            list(items),
            [self.scores[place] for place in places],
            [self.sources[place] for place in places],
            self.by,
            self.chances,
        )


NOTHING = Ranked([], [], [])


def unranked(items: Sequence[int]) -> Ranked:
    """Items in an order that no recommender gave."""
    return Ranked(list(items), [0.0] * len(items), [""] * len(items))


_NO_EVIDENCE = Evidence("")
_NO_REASONS: Mapping[int, Reason] = {}
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
        if recommender is None:
            return NOTHING
        allowed = self._unbarred(allowed)
        left_out = [code for code in exclude if code < self.stock.known]
        if left_out:
            # One mask: each source of a blend would look both up by itself.
            allowed = allowed.copy()
            allowed[left_out] = False
        if not allowed.any():
            return NOTHING
        depth = k if self.tired is None else max(k, DEEP)
        found = favoured(recommender, self.request, allowed, depth, self.ruled.factors)
        return _ranked(found if self.tired is None else self.tired.sink(found, k), by=recommender)

    def varied(self, ranked: Ranked, k: int) -> Ranked:
        """A ranking whose first ``k`` are varied; see `variety`. The others follow in their order."""
        if not self.variety or len(ranked.items) < 3:
            return ranked
        codes = np.array(ranked.items[:DEEP])
        places = varied(
            np.array(ranked.scores[:DEEP], np.float32),
            self._alike(codes),
            self.stock.category[codes],
            self.tastes,
            k,
            self.variety,
        )
        first = codes[places].tolist()
        chosen = set(first)
        return ranked.only([*first, *(item for item in ranked.items if item not in chosen)])

    def _alike(self, codes: Longs) -> Floats:
        """By what people do; by what the catalogue says where no model tells."""
        if self.model is None or not self.model.near:
            return alike(self.stock.entries[codes])
        return self.model.near.alike(codes)

    def going_with(self, items: Sequence[int], k: int, *, allowed: Bools) -> Ranked:
        """What goes with these items together: scores of each one's list are added up."""
        known = [code for code in items if code < self.stock.known]
        allowed = self._unbarred(allowed)
        # Lists are cut before `allowed` can be applied, so more is asked for.
        asked = self.model.similar(np.array(known, np.int32), 8 * k + 40) if self.model and known else None
        if asked is None:
            return NOTHING
        free = allowed[asked.items]
        for code in known:
            free &= asked.items != code
        found, totals, sources = asked.items[free], asked.scores[free].astype(np.float64), asked.sources[free]
        if len(known) > 1:
            found, first, place = np.unique(found, return_index=True, return_inverse=True)
            totals, sources = np.bincount(place, totals, len(found)).astype(np.float64), sources[first]
        if self.ruled.factors is not None:
            totals = totals * self.ruled.factors.values[found]
        if self.tired is not None:
            totals = totals * self.tired.of(found)
        best = np.lexsort((found, -totals))[:k]
        names = [asked.source_names[source] for source in sources[best].tolist()]
        return Ranked(found[best].tolist(), totals[best].tolist(), names)

    def cards(self, ranked: Ranked, chosen: Sequence[int]) -> tuple[Card, ...]:
        """Cards of items chosen from a ranking, each with the reason its recommender gives."""
        why: dict[int, Evidence] = {}
        for voice, items in self.voices(ranked, chosen).items():
            why |= self.why(voice, items)
        return self.reasoned(ranked, chosen, why)

    def voices(self, ranked: Ranked, chosen: Sequence[int]) -> dict[Explains | None, list[int]]:
        """Who can say why items stand in a ranking, and of which of them.

        In the blend of a model an item stands because of one source more than of the others, and that source
        speaks; the blend itself would ask all of them once more to find out which. Elsewhere, and of what
        stands there by chance, what ranked it speaks.
        """
        found: dict[Explains | None, list[int]] = {}
        default: object = self.default()
        if ranked.by is None or ranked.by is not default:
            return {ranked.by: list(chosen)}
        source = dict(zip(ranked.items, ranked.sources, strict=True))
        for item in chosen:
            part = self.part(source[item])
            voice = ranked.by if part is None else _explaining(part)
            found.setdefault(voice, []).append(item)
        return found

    def why(self, by: Explains | None, items: Sequence[int]) -> dict[int, Evidence]:
        """What a recommender says of items it put somewhere; what it cannot explain is absent.

        Asked once about the items of many lists it does the work of one.
        """
        known = [item for item in items if item < self.stock.known]
        if by is None or not known:
            return {}
        return dict(zip(known, by.explain(self.request, np.array(known, np.int32)), strict=True))

    def reasoned(
        self, ranked: Ranked, chosen: Sequence[int], why: Mapping[int, Evidence]
    ) -> tuple[Card, ...]:
        """Cards of items chosen from a ranking, with the reason that evidence gives for each."""
        place = {item: i for i, item in enumerate(ranked.items)}
        cards = []
        for item in chosen:
            told, chance = why.get(item, _NO_EVIDENCE), ranked.chances.get(item)
            source = ranked.sources[place[item]]
            card = self.stock.card(
                item,
                reason=self.words.reason(item, told),
                source=source if chance is not None else told.source or source,
                score=ranked.scores[place[item]],
                evidence=[code for code in told.items if code not in self.wished],
                probability=1.0 if chance is None else chance,
            )
            cards.append(card)
        return tuple(cards)

    def cards_because(
        self,
        ranked: Ranked,
        chosen: Sequence[int],
        reasons: Mapping[int, Reason] = _NO_REASONS,
        evidence: Sequence[int] = (),
    ) -> tuple[Card, ...]:
        """Cards of items chosen from a ranking, with a reason for some of them.

        Parameters
        ----------
        evidence
            Items that all of them follow from.
        """
        place = {item: i for i, item in enumerate(ranked.items)}
        return tuple(
            [
                self.stock.card(
                    item,
                    reason=reasons.get(item, UNSAID),
                    source=ranked.sources[place[item]],
                    score=ranked.scores[place[item]],
                    evidence=evidence,
                    probability=ranked.chances.get(item, 1.0),
                )
                for item in chosen
            ]
        )

    def _unbarred(self, allowed: Bools) -> Bools:
        return allowed if self.closed is None else allowed & ~self.closed[: len(allowed)]


def _ranked(answer: Recommendations, by: Ranks | None = None) -> Ranked:
    items: Ints = answer.items
    return Ranked(
        items.tolist(),
        answer.scores.tolist(),
        [answer.source_names[source] for source in answer.sources.tolist()],
        _explaining(by),
    )


def _explaining(ranks: Ranks | None) -> Explains | None:
    """The same if it can say why.

    By name: whether an object keeps a protocol costs a live request more than a list.
    """
    return cast(Explains, ranks) if hasattr(ranks, "explain") else None

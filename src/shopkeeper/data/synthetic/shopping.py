"""The simulation: day by day, customers come with needs, look, choose, buy, and remember.

A visit starts from the most urgent need (or from curiosity), takes a mission that need serves, and adds
other needs of the same mission: that is why things are bought together. For each need the customer examines
the top of a list (most popular, newest and promoted first: position bias), views the two or three best at a
glance, and puts the best into the cart unless waiting seems better. A bought pack lasts a while; the urgency
of a need grows as it runs out.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.data.synthetic import vocabulary as words
from shopkeeper.data.synthetic.goods import Goods, Ints, Reals
from shopkeeper.data.synthetic.journal import Journal
from shopkeeper.data.synthetic.offers import Offer
from shopkeeper.data.synthetic.people import People
from shopkeeper.data.synthetic.state import REMEMBERED, Errands, Memory, Today
from shopkeeper.data.synthetic.taste import taste
from shopkeeper.data.synthetic.visits import Visits, day_of_year

LISTED: Final = 24
_EXAMINED: Final = 7.0
_VIEWED: Final = 4
_MOST_NEEDS: Final = 6
_NOISE: Final = 0.7
_WAIT: Final = 2.6
_CURIOUS: Final = 0.2


class Shopping:
    """Runs the shop from the first day to the last and writes everything into a journal."""

    def __init__(
        self, rng: np.random.Generator, goods: Goods, people: People, offers: list[Offer], visits: Visits
    ) -> None:
        self._rng, self._goods, self._people, self._offers, self._visits = rng, goods, people, offers, visits
        kinds = [words.kinds()[k] for k in goods.kinds]
        self._serves = np.array(
            [[mission in kind.missions for mission in words.missions()] for kind in kinds]
        )
        self._peak = np.array([-1 if kind.peak is None else kind.peak for kind in kinds])
        start = -people.cycle * rng.random(people.cycle.shape) + people.cycle * rng.random(people.cycle.shape)
        self._memory = Memory(
            runs_out=start,
            last=np.full(people.needs.shape, -1, np.int64),
            recent=np.full((len(people), REMEMBERED), -1, np.int64),
            turn=np.zeros(len(people), np.int64),
            fame=rng.gamma(0.5, 2.0, len(goods)),
        )
        self.journal = Journal()

    def run(self, days: int) -> Journal:
        """Let ``days`` days pass."""
        for day in range(days):
            self._memory.fame *= 0.98
            visits = self._visits.of_day(day)
            if visits.stop > visits.start:
                self._day(day, visits)
        return self.journal

    def _day(self, day: int, visits: slice) -> None:
        today = self._today(day, visits)
        errands = self._errands(today)
        cart = self._look(today, errands)
        self._settle(today, errands, cart)

    def _today(self, day: int, visits: slice) -> Today:
        customer = self._visits.customer[visits]
        number = next((n for n, o in enumerate(self._offers) if o.starts <= day < o.ends), -1)
        offer = self._offers[number] if number >= 0 else None
        shown, on_offer = np.zeros(len(customer), bool), np.zeros(len(self._goods), bool)
        if offer is not None:
            shown = offer.audience[customer] & (self._rng.random(len(customer)) < 0.8)
            on_offer[offer.items] = True
        return Today(day, visits.start, customer, offer, number, shown, on_offer)

    def _errands(self, today: Today) -> Errands:
        needs = self._people.needs[today.customer]
        urgency = self._urgency(today, needs)
        first = self._first(urgency, needs)
        rows = np.arange(len(needs))
        shares = self._serves[needs, self._mission(needs[rows, first])[:, None]] & (needs >= 0)
        offered = np.zeros(len(self._goods.kinds), bool)
        offered[self._goods.kind[today.on_offer]] = True
        tempted = today.shown[:, None] & offered[needs] & (needs >= 0)
        chance = urgency * np.where(shares, 0.75, 0.18) + 0.06 * shares + 0.12 * tempted
        taken = self._rng.random(chance.shape) < chance
        taken &= np.cumsum(taken, axis=1) < _MOST_NEEDS
        taken[rows, first] = True
        visit, need = np.nonzero(taken)
        return Errands(visit, need, urgency[visit, need])

    def _urgency(self, today: Today, needs: Ints) -> Reals:
        """Rises from 0 to 1 around the day a need comes up; out of season, wants are less urgent."""
        cycle = self._people.cycle[today.customer]
        late = (today.day - self._memory.runs_out[today.customer]) / (0.12 * cycle + 1.0)
        away = np.abs((day_of_year(today.day) - self._peak[needs] + 182) % 365 - 182)
        season = np.where(self._peak[needs] < 0, 1.0, 0.35 + 1.3 * np.exp(-((away / 40.0) ** 2)))
        risen = 1.0 / (1.0 + np.exp(-np.clip(late, -30, 30)))
        return np.where(needs >= 0, np.minimum(risen * season, 1.0), 0.0)

    def _first(self, urgency: Reals, needs: Ints) -> Ints:
        curious = self._rng.random(len(urgency)) < _CURIOUS
        appeal = np.where(curious[:, None], 0.3, 3.0 * np.log(urgency + 1e-4))
        appeal = np.where(needs >= 0, appeal, -np.inf) + self._rng.gumbel(size=urgency.shape)
        return np.asarray(np.argmax(appeal, axis=1))

    def _mission(self, kind: Ints) -> Ints:
        drawn = self._serves[kind] * self._rng.random((len(kind), self._serves.shape[1]))
        return np.asarray(np.argmax(drawn, axis=1))

    def _look(self, today: Today, errands: Errands) -> Ints:
        """Browse for every errand; returns the item put into the cart for each, -1 for none."""
        who = today.customer[errands.visit]
        listed = self._listed(today, who, errands)
        viewed, worth = self._viewed(listed, self._value(today, who, errands, listed))
        chosen = self._chosen(errands, viewed, worth)
        session = today.start + errands.visit
        self.journal.browsed(self._rng, session, viewed, chosen, self._people.chinese[who])
        if today.offer is not None:
            caught = today.on_offer[np.maximum(viewed, 0)] & (viewed >= 0)
            self.journal.promoted(
                today.number,
                today.start + np.flatnonzero(today.shown),
                np.unique(session[caught.any(axis=1)]),
            )
        return chosen

    def _listed(self, today: Today, who: Ints, errands: Errands) -> Ints:
        """What the shop lists for each errand, best places first: shape ``(n, LISTED)``, padded with -1."""
        goods, rng = self._goods, self._rng
        candidates = goods.shelf[self._people.needs[who, errands.need]]
        item = np.maximum(candidates, 0)
        age = today.day - goods.arrives[item]
        sold = (candidates >= 0) & (age >= 0) & (today.day < goods.leaves[item])
        place = 0.7 * np.log1p(self._memory.fame[item]) + np.exp(-np.maximum(age, 0) / 20.0)
        place = place + 0.6 * (today.on_offer[item] & today.shown[errands.visit][:, None])
        place = place + rng.gumbel(size=item.shape)
        again = item == self._memory.last[who, errands.need][:, None]
        place = np.where(again & (rng.random(len(who)) < 0.6)[:, None], 99.0, place)
        place = np.where(sold, place, -np.inf)
        order = np.argsort(-place, axis=1, kind="stable")[:, :LISTED]
        listed = np.take_along_axis(candidates, order, axis=1)
        return np.where(np.take_along_axis(sold, order, axis=1), listed, -1)

    def _value(self, today: Today, who: Ints, errands: Errands, listed: Ints) -> Reals:
        """Utility of the listed items now; -inf beyond what is examined.

        Taste, the offer, what friends bought lately, and habit, or for lasting goods satiation.
        """
        people, memory = self._people, self._memory
        item = np.maximum(listed, 0)
        value = taste(people, self._goods, who[:, None], item)
        if today.offer is not None:
            gain = 0.5 - people.sense[who] * np.log1p(-today.offer.off)
            value = value + gain[:, None] * (today.on_offer[item] & today.shown[errands.visit][:, None])
        value = value + 0.6 * self._friends_have(who, item)
        again = item == memory.last[who, errands.need][:, None]
        lasting = people.cycle[who, errands.need] > words.CONSUMED
        value = value + again * np.where(lasting, -3.0, people.habit[who])[:, None]
        depth = 1 + self._rng.geometric(1 / _EXAMINED, len(who))
        examined = (np.arange(listed.shape[1]) <= depth[:, None]) & (listed >= 0)
        return np.where(examined, value, -np.inf)

    def _friends_have(self, who: Ints, item: Ints) -> NDArray[np.bool_]:
        friends = self._people.friends[who]
        theirs = np.where((friends >= 0)[..., None], self._memory.recent[friends], -2).reshape(len(who), -1)
        return np.asarray((item[:, :, None] == theirs[:, None, :]).any(axis=2))

    def _viewed(self, listed: Ints, value: Reals) -> tuple[Ints, Reals]:
        """The best at a glance, in the order viewed, and their worth on a closer look: shapes ``(n, 4)``."""
        glance = value + _NOISE * self._rng.gumbel(size=value.shape)
        order = np.argsort(-glance, axis=1, kind="stable")[:, :_VIEWED]
        count = 1 + self._rng.poisson(1.0, len(value))
        seen = np.isfinite(np.take_along_axis(value, order, axis=1)) & (
            np.arange(order.shape[1]) < count[:, None]
        )
        viewed = np.where(seen, np.take_along_axis(listed, order, axis=1), -1)
        worth = np.where(seen, np.take_along_axis(value, order, axis=1), -np.inf)
        return viewed, worth + _NOISE * self._rng.gumbel(size=worth.shape)

    def _chosen(self, errands: Errands, viewed: Ints, worth: Reals) -> Ints:
        best = np.argmax(worth, axis=1)
        rows = np.arange(len(best))
        wait = _WAIT - 3.2 * errands.urgency + _NOISE * self._rng.gumbel(size=len(best))
        return np.where(worth[rows, best] > wait, viewed[rows, best], -1)

    def _settle(self, today: Today, errands: Errands, cart: Ints) -> None:
        rng, memory, people = self._rng, self._memory, self._people
        kept = (cart >= 0) & (rng.random(len(cart)) >= 0.05)
        pays = (rng.random(len(today.customer)) < 0.86)[errands.visit]
        session = today.start + errands.visit
        dropped = (cart >= 0) & ~kept
        self.journal.left_out(session[dropped], cart[dropped])
        self.journal.checked_out(np.unique(session[kept]))
        bought = np.flatnonzero(kept & pays)
        visit, need, item = errands.visit[bought], errands.need[bought], cart[bought]
        who = today.customer[visit]
        consumed = people.cycle[who, need] <= words.CONSUMED
        cheap = today.on_offer[item] & today.shown[visit]
        quantity = np.where(consumed, 1 + rng.binomial(2, np.where(cheap, 0.35, 0.12)), 1)
        self.journal.bought(session[bought], item, quantity, np.where(cheap, today.number, -1))
        lasts = people.cycle[who, need] * quantity * rng.lognormal(0, 0.15, len(item))
        memory.runs_out[who, need] = np.maximum(memory.runs_out[who, need], today.day) + lasts
        memory.last[who, need] = item
        memory.recent[who, memory.turn[who] % REMEMBERED] = item
        np.add.at(memory.turn, who, 1)
        np.add.at(memory.fame, item, 1.0)

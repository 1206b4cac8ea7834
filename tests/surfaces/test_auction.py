"""The auction against a plain one, and what second prices promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.surfaces.auction import auction

bids = st.lists(
    st.tuples(st.integers(0, 2000), st.sampled_from([0.25, 0.5, 1.0]), st.integers(0, 3)), max_size=12
)


def plain(bidders, places, reserve):
    """Winners and charges by sorting, one advertiser a place."""
    rank = {at: worth * quality for at, (worth, quality, _) in enumerate(bidders)}
    order = sorted((at for at in rank if rank[at] > 0), key=lambda at: (-rank[at], at))
    firsts = [
        at for place, at in enumerate(order) if bidders[at][2] not in {bidders[b][2] for b in order[:place]}
    ]
    wins = []
    for place, at in enumerate(firsts[:places]):
        if rank[at] < reserve:
            break
        rest = rank[firsts[place + 1]] if place + 1 < len(firsts) else 0
        wins.append((at, int(max(rest, reserve) / bidders[at][1])))
    return wins


@given(bids, st.integers(1, 4), st.sampled_from([0.0, 100.0, 700.0]))
def test_agrees_with_the_plain_auction(bidders, places, reserve):
    worth, quality, advertiser = (np.array([one[at] for one in bidders]) for at in range(3))
    rank = worth * quality.astype(float)
    wins = auction(rank, quality, advertiser, places, reserve)
    assert [(one.advert, one.charge) for one in wins] == plain(bidders, places, reserve)
    assert all(one.charge <= worth[one.advert] for one in wins)


def test_the_winner_pays_what_it_takes_to_win():
    rank, quality = np.array([300.0, 900.0, 400.0]), np.array([1.0, 0.5, 1.0])
    (win,) = auction(rank, quality, np.arange(3), 1, 50.0)
    assert (win.advert, win.charge) == (1, 800)


@pytest.mark.parametrize(("reserve", "wins"), [(100.0, [100]), (301.0, [])])
def test_alone_one_pays_the_reserve(reserve, wins):
    found = auction(np.array([300.0]), np.ones(1), np.zeros(1, int), 2, reserve)
    assert [one.charge for one in found] == wins

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.surfaces.assortment import Assortment
from shopkeeper.surfaces.slate import Taken, alike, arrange, at_most_per_category, eligible, pick, showable
from tests.surfaces.stock import assortment


def of_looks(looks: list[tuple[int, int, int]]) -> Assortment:
    """Items by number of title, finest category and brand; 0 means unknown."""
    return assortment(
        [
            {
                c.ITEM_ID: f"{i:03}",
                c.TITLE: f"title {title}" if title else None,
                c.CATEGORY3: f"sort {sort}" if sort else None,
                c.BRAND: f"brand {brand}" if brand else None,
                c.CATEGORY: f"category {sort % 2}" if sort else None,
            }
            for i, (title, sort, brand) in enumerate(looks)
        ]
    )


looks = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=25)


@given(looks, st.integers(1, 12), st.randoms(use_true_random=False))
def test_no_two_neighbours_read_alike_and_no_title_comes_twice(rows, k, random):
    stock = of_looks(rows)
    ranked = list(range(len(rows)))
    random.shuffle(ranked)
    chosen = arrange(stock, ranked, k)
    assert len(chosen) <= k
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(ranked)
    assert not any(alike(stock, one, other) for one, other in itertools.pairwise(chosen))
    titles = [stock.look[code] for code in chosen if stock.look[code] >= 0]
    assert len(set(titles)) == len(titles)
    assert chosen[0] == ranked[0]


@given(looks, st.integers(1, 12))
def test_the_list_is_the_greedy_one(rows, k):
    """Slow and plain: at every place the best item left that does not read like the one before."""
    stock = of_looks(rows)
    seen: set[int] = set()
    left = []
    for code in range(len(rows)):
        look = int(stock.look[code])
        if look < 0 or look not in seen:
            left.append(code)
        seen.add(look)
    expected: list[int] = []
    for _ in range(k):
        fitting = [code for code in left if not expected or not alike(stock, expected[-1], code)]
        if not fitting:
            break
        expected.append(fitting[0])
        left.remove(fitting[0])
    assert arrange(stock, range(len(rows)), k) == expected


def test_a_ranking_in_which_nothing_reads_alike_stays_as_it_is():
    stock = of_looks([(i + 1, i + 1, 1) for i in range(8)])
    assert arrange(stock, [5, 2, 7, 0], 3) == [5, 2, 7]


def test_items_of_unknown_title_brand_or_category_are_like_nothing():
    stock = of_looks([(0, 0, 1), (0, 0, 1), (0, 1, 0), (0, 1, 0)])
    assert arrange(stock, range(4), 4) == [0, 1, 2, 3]


def test_nothing_stands_twice_on_a_page():
    stock = of_looks([(1, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0)])
    taken = Taken(stock)
    first = pick(stock, range(4), taken, 2)
    taken.add(first)
    assert first == [0, 2]
    assert 1 in taken
    assert pick(stock, range(4), taken, 4) == [3]


def test_only_what_is_in_stock_and_has_a_title_is_shown():
    stock = assortment(
        [
            {c.ITEM_ID: "a", c.TITLE: "A", c.IN_STOCK: True, c.CATEGORY: "X"},
            {c.ITEM_ID: "b", c.TITLE: "B", c.IN_STOCK: False, c.CATEGORY: "X"},
            {c.ITEM_ID: "c", c.TITLE: None, c.IN_STOCK: None, c.CATEGORY: "Y"},
            {c.ITEM_ID: "d", c.TITLE: "D", c.IN_STOCK: None, c.CATEGORY: None},
        ]
    )
    assert eligible(stock).tolist() == [True, False, True, True]
    assert eligible(stock, category=stock.category_code("X")).tolist() == [True, False, False, False]
    assert showable(stock).tolist() == [True, False, False, True]
    assert showable(stock, categories=np.array([False, True])).tolist() == [False] * 4
    assert showable(stock, categories=np.array([True, False])).tolist() == [True, False, False, False]


def test_few_of_each_category():
    stock = of_looks([(0, sort, 0) for sort in (1, 3, 1, 2, 0, 0, 2, 2)])
    assert at_most_per_category(stock, range(8), 2) == [0, 1, 3, 4, 5, 6]


def test_a_shop_without_categories_or_titles_works():
    stock = assortment([{c.ITEM_ID: "a"}, {c.ITEM_ID: "b"}])
    assert showable(stock).all()
    assert not showable(stock, categories=np.zeros(0, bool)).any()
    assert stock.card(0).title == "Item a"
    assert arrange(stock, [1, 0], 2) == [1, 0]

"""How much a customer likes an item: the truth that the generated shop is made from.

The choice model is elimination by aspects (Tversky 1972, https://doi.org/10.1037/h0032955) followed by a
nested logit (Ben-Akiva and Lerman 1985): first the need, then the item within the need. Likes are matches,
thresholds and lists of brands, not inner products of latent factors; what goes together comes from missions,
not from a matrix of items.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.data.synthetic.goods import Goods, Reals
from shopkeeper.data.synthetic.people import People

ELIMINATED: Final = -8.0
"""What a missing must costs: such an item is hardly ever bought."""
UNNEEDED: Final = -6.0
"""What it costs an item that its kind is not needed."""
_PINCH: Final = 4.0


def taste(people: People, goods: Goods, customer: NDArray[Any], item: NDArray[Any]) -> Reals:
    """Utility of items to customers, whatever the need; the two code arrays are broadcast together.

    The sum of: quality; a loss for dearness, linear and, beyond the customer's reach, quadratic; the match
    of style with the first (or, at half the weight, the second) favourite; loyalty to the brand; and
    elimination where an aspect the customer insists on is missing from an item of a kind that can have it.
    """
    department = goods.department[item]
    dearness = goods.dearness[item]
    pinch = np.maximum(0.0, dearness - people.reach[customer])
    style = goods.style[item]
    first = people.styles[customer, department, 0] == style
    second = people.styles[customer, department, 1] == style
    loyal = (people.loyal[customer, department] == goods.brand[item][..., None]).any(axis=-1)
    missing = people.musts[customer] & goods.can[goods.kind[item]] & ~goods.aspects[item]
    return np.asarray(
        people.quality_weight[customer] * goods.quality[item]
        - people.sense[customer] * dearness
        - _PINCH * pinch**2
        + people.style_weight[customer] * np.where(first, 1.0, np.where(second, 0.5, 0.0))
        + people.loyalty[customer, department] * loyal
        + ELIMINATED * (missing != 0)
    )


def utility(people: People, goods: Goods, customer: int) -> Reals:
    """Long-run utility of every item to one customer, shape ``(n_items,)``.

    The sum of taste and of how often its kind is needed.
    """
    need = np.full(len(goods.kinds), UNNEEDED)
    known = people.needs[customer] >= 0
    need[people.needs[customer][known]] = -0.5 * np.log(people.cycle[customer][known] / 30.0)
    items = np.arange(len(goods))
    return np.asarray(taste(people, goods, np.full(len(goods), customer), items) + need[goods.kind])

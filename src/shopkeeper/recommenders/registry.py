"""Every recommender by name: the one line of wiring a new one needs."""

from typing import Final

from shopkeeper.recommenders.autoencoder import Autoencoder
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.basket_neighbours import BasketNeighbours
from shopkeeper.recommenders.bayes import Bayes
from shopkeeper.recommenders.content import Content
from shopkeeper.recommenders.cooccurrence import Cooccurrence, Transition
from shopkeeper.recommenders.customer_neighbours import CustomerNeighbours
from shopkeeper.recommenders.factorization_machine import FactorizationMachine
from shopkeeper.recommenders.factors import Factors
from shopkeeper.recommenders.frequency import Frequency
from shopkeeper.recommenders.item_neighbours import ItemNeighbours
from shopkeeper.recommenders.linear import Linear
from shopkeeper.recommenders.popular import Popular, Trending
from shopkeeper.recommenders.repeat import Repeat
from shopkeeper.recommenders.segments import Segments
from shopkeeper.recommenders.sequence import GruSequence, Transformer
from shopkeeper.recommenders.session_neighbours import SessionNeighbours
from shopkeeper.recommenders.social import Social
from shopkeeper.recommenders.towers import Towers

BASIC: Final[tuple[type[Recommender], ...]] = (Cooccurrence, Transition, Repeat, Trending, Popular)
"""What a blend is made of where nothing was chosen: seconds to fit in any shop."""

_FAMILIES: Final[tuple[type[Recommender], ...]] = (
    *BASIC,
    Frequency,
    Linear,
    ItemNeighbours,
    CustomerNeighbours,
    SessionNeighbours,
    BasketNeighbours,
    Content,
    Segments,
    Social,
    Bayes,
    Factors,
    FactorizationMachine,
    Autoencoder,
    Towers,
    Transformer,
    GruSequence,
)

RECOMMENDERS: Final[dict[str, type[Recommender]]] = {family.name: family for family in _FAMILIES}
"""Every recommender by its name."""

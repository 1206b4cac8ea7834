"""What is known of a showing, as numbers with names: the moment, the person, the advert, and both."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Floats

Features = Mapping[str, float]

HEARD: Final = 50
"""Latest events of a person that are read."""
WIDTH: Final = 24
"""Numbers that are kept of the meaning of a text."""
MATCH: Final = "match"
"""How much of what somebody did lately is in the advert's category."""
TASTE: Final = "taste="
ABOUT: Final = "about="


def context(now: int, placement: str, categories: Sequence[str | None]) -> dict[str, float]:
    """What is known of a moment and a person.

    Parameters
    ----------
    now
        Epoch milliseconds.
    placement
        Where on which page the adverts stand.
    categories
        Of the items of what the person did, the latest last.
    """
    time = datetime.fromtimestamp(now / 1000, UTC)
    features = {f"hour={time.hour}": 1.0, f"weekday={time.weekday()}": 1.0, f"placement={placement}": 1.0}
    heard = [name for name in categories[-HEARD:] if name]
    for name in heard:
        features[TASTE + name] = features.get(TASTE + name, 0.0) + 1 / len(heard)
    features["known" if heard else "unknown"] = 1.0
    return features


def advert(
    ad_id: str, advertiser: str, campaign: str, category: str | None, meaning: Floats | None
) -> dict[str, float]:
    """What an advert is; ``meaning`` is a row of `meanings`."""
    features = {f"ad={ad_id}": 1.0}
    # A name that says the same again would only count the advert twice.
    features |= {f"campaign={campaign}": 1.0} if campaign != ad_id else {}
    features |= {f"advertiser={advertiser}": 1.0} if advertiser not in (ad_id, campaign) else {}
    if category:
        features[ABOUT + category] = 1.0
    if meaning is not None:
        features |= {f"text {place}": float(value) for place, value in enumerate(meaning)}
    return features


def meanings(vectors: Floats) -> Floats:
    """Vectors of texts in `WIDTH` numbers, by a fixed random projection (Johnson and Lindenstrauss 1984)."""
    project = np.random.default_rng(0).normal(size=(vectors.shape[1], WIDTH)) / np.sqrt(WIDTH)
    return np.asarray(vectors @ project, np.float32)


def about(shown: Features) -> str | None:
    """The category of an advert, None where it has none."""
    return next((name.removeprefix(ABOUT) for name in shown if name.startswith(ABOUT)), None)


def paired(contexts: Sequence[Features], adverts: Sequence[Features]) -> list[Features]:
    """Adverts with what they have in common with those who saw them, pair by pair."""
    found: list[Features] = []
    for asked, shown in zip(contexts, adverts, strict=True):
        share = asked.get(f"{TASTE}{about(shown)}", 0.0)
        found.append({**shown, MATCH: share} if share else shown)
    return found


def columns_of(rows: Iterable[Features]) -> dict[str, int]:
    """A column for each name, in the order they occur."""
    columns: dict[str, int] = {}
    for row in rows:
        for name in row:
            columns.setdefault(name, len(columns))
    return columns


def table(rows: Sequence[Features], columns: Mapping[str, int]) -> sparse.csr_array:
    """Rows x columns; features that are not known are left out."""
    indices: list[int] = []
    values: list[float] = []
    ends = [0]
    for row in rows:
        for name, value in row.items():
            if (place := columns.get(name)) is not None:
                indices.append(place)
                values.append(value)
        ends.append(len(indices))
    arrays = (np.array(values, np.float32), np.array(indices, np.int32), np.array(ends, np.int32))
    return sparse.csr_array(arrays, shape=(len(rows), len(columns)))

"""Write the tea shop of the examples, ``items.csv`` and ``orders.csv``: ``python docs/examples/generate.py``.

A small made-up shop with an export as shops have them: its own column names, one line a product and order,
and a few lines that are wrong. Customers like one kind of tea, come back for it, and buy what goes with it.
"""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

FOLDER = Path(__file__).resolve().parent
KINDS = {
    "Green tea": ["Sencha", "Gyokuro", "Longjing", "Gunpowder", "Genmaicha", "Matcha"],
    "Black tea": ["Assam", "Darjeeling", "Ceylon", "Keemun", "Lapsang Souchong", "Earl Grey"],
    "Oolong": ["Tieguanyin", "Da Hong Pao", "Dong Ding", "Oriental Beauty", "Milk Oolong", "Phoenix Dancong"],
    "Herbal": ["Camomile", "Peppermint", "Rooibos", "Lemon Verbena", "Hibiscus", "Fennel"],
}
GOES_WITH = {
    "Green tea": ["Bamboo whisk", "Kyusu teapot"],
    "Black tea": ["Shortbread", "Milk jug"],
    "Oolong": ["Gaiwan", "Tasting cups"],
    "Herbal": ["Acacia honey", "Glass teapot"],
}
START = datetime(2025, 1, 6, 9, tzinfo=UTC)


def items() -> list[dict[str, object]]:
    """Every product, teas first."""
    rows: list[dict[str, object]] = []
    for kind, names in KINDS.items():
        for rank, name in enumerate(names):
            rows.append({"name": name, "department": "Tea", "group": kind, "price": 6.5 + 1.5 * rank})
    for kind, names in GOES_WITH.items():
        for rank, name in enumerate(names):
            rows.append({"name": name, "department": "With tea", "group": kind, "price": 9.0 + 8 * rank})
    return [{"sku": f"T{number:03d}", **row} for number, row in enumerate(rows, 100)]


def orders(products: list[dict[str, object]], random: Random) -> list[dict[str, object]]:
    """Half a year of 150 customers, oldest first."""
    rows = [line for buyer in range(1, 151) for line in _customer(buyer, products, random)]
    rows.sort(key=lambda row: str(row["ordered_at"]))
    for number, row in enumerate(rows):
        row["order"] = f"R{10_000 + number // 2}"
    return rows + _wrong(rows)


def _customer(buyer: int, products: list[dict[str, object]], random: Random) -> list[dict[str, object]]:
    kind = random.choice(list(KINDS))
    mine = [row for row in products if row["group"] == kind]
    favourites = random.sample(mine[:6], 3)
    when = START + timedelta(days=random.uniform(0, 30))
    rows: list[dict[str, object]] = []
    while when < START + timedelta(days=180):
        basket = [random.choice(favourites), random.choice(mine if random.random() < 0.6 else products)]
        rows += [_line(buyer, product, when, random) for product in basket]
        when += timedelta(days=random.uniform(14, 35))
    return rows


def _line(buyer: int, product: dict[str, object], when: datetime, random: Random) -> dict[str, object]:
    return {
        "buyer": f"customer-{buyer:03d}",
        "sku": product["sku"],
        "ordered_at": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "quantity": random.choice([1, 1, 1, 2]),
        "price": product["price"],
    }


def _wrong(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Three lines with one fault each."""
    return [
        rows[0] | {"ordered_at": "yesterday"},
        rows[1] | {"price": -4},
        rows[2] | {"ordered_at": "2099-01-01T00:00:00Z"},
    ]


def write(path: Path, rows: list[dict[str, object]]) -> None:
    """Write rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    shop = items()
    write(FOLDER / "items.csv", shop)
    write(FOLDER / "orders.csv", orders(shop, Random(7)))

"""Post an event, get the page it changed: by a client with a keep-alive connection to each worker."""

import http.client
import json
import time
from typing import Any

import numpy as np
import polars as pl

from benchmarks.serving.asking import Shop
from benchmarks.serving.server import served
from shopkeeper.core import columns as c

POPULAR = 300
JSON = {"Content-Type": "application/json"}


def changed(shop: Shop, rounds: int) -> dict[str, Any]:
    """Somebody looks at an item they never met; the next page, of either worker, must name it as a reason."""
    met, popular = _met(shop)
    rng = np.random.default_rng(0)
    times, posts, untold, same = [], [], [], 0
    with served(shop.folder) as port:
        workers = one_a_worker(port)
        for who in shop.askers[:50]:
            for connection in workers:
                _page(connection, who)
        for n in range(rounds):
            who = shop.askers[n % len(shop.askers)]
            item = next(one for one in rng.permutation(popular).tolist() if one not in met[who])
            met[who].add(item)
            writer, reader = workers[n % 2], workers[n // 2 % 2]
            same += writer is reader
            event = {c.CUSTOMER_ID: who, c.EVENT_TYPE: "view_item", c.ITEM_ID: item}
            start = time.perf_counter()
            stored = _ask(writer, "POST", "/v1/events", {"events": [event]})
            posts.append(1e3 * (time.perf_counter() - start))
            page = _page(reader, who)
            times.append(1e3 * (time.perf_counter() - start))
            assert stored["stored"] == 1, stored
            if item not in _named(page):
                untold.append((who, item))
    return {
        "rounds": rounds,
        "read by the worker that wrote": same,
        "pages that do not name the item": len(untold),
        **_percentiles("", times),
        **_percentiles("event_", posts),
    }


def _percentiles(of: str, milliseconds: list[float]) -> dict[str, float]:
    return {f"{of}p{q}_ms": round(float(np.percentile(milliseconds, q)), 2) for q in (50, 99, 100)}


def _met(shop: Shop) -> tuple[dict[str, set[str]], list[str]]:
    """What everybody met, and what most people did."""
    events = pl.read_parquet(shop.folder.parent / "events.parquet", columns=[c.CUSTOMER_ID, c.ITEM_ID])
    own = events.group_by(c.CUSTOMER_ID).agg(c.ITEM_ID).rows()
    popular = events[c.ITEM_ID].value_counts(sort=True)[c.ITEM_ID].to_list()[:POPULAR]
    return {who: set(items) for who, items in own}, popular


def one_a_worker(port: int, workers: int = 2) -> list[http.client.HTTPConnection]:
    """A keep-alive connection to each worker."""
    found: dict[str, http.client.HTTPConnection] = {}
    spare = []
    while len(found) < workers:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/worker")
        pid = connection.getresponse().read().decode()
        if pid in found:
            spare.append(connection)
        found.setdefault(pid, connection)
    for connection in spare:
        connection.close()
    return list(found.values())


def _page(connection: http.client.HTTPConnection, who: str) -> Any:
    return _ask(connection, "GET", f"/v1/homepage?customer_id={who}")


def _ask(connection: http.client.HTTPConnection, method: str, path: str, body: object = None) -> Any:
    connection.request(method, path, None if body is None else json.dumps(body), JSON)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
    return json.loads(text)


def _named(page: Any) -> set[str]:
    """Items of the history that the page names as a reason."""
    return {item for row in page["rows"] for card in row["cards"] for item in card["evidence_item_ids"]}

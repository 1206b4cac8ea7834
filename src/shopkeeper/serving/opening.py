"""From a shop's folder to the service that answers for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from shopkeeper.core.config import ShopConfig, load_config
from shopkeeper.core.errors import ShopNotFound
from shopkeeper.core.ports import Clock, system_clock
from shopkeeper.data.store import STORE_FILE, Store
from shopkeeper.learners.queries import Adaptation
from shopkeeper.privacy.identity import KEY_FILE, Identity, load_key
from shopkeeper.serving.finder import EncoderChoice, Finder
from shopkeeper.serving.models import LiveModel
from shopkeeper.serving.service import Service
from shopkeeper.training.promote import current_version, load_model

CONFIG_FILE: Final = "shopkeeper.toml"


def open_service(
    folder: Path,
    *,
    clock: Clock = system_clock,
    encoders: Callable[[ShopConfig], EncoderChoice] | None = None,
) -> Service:
    """Wire a shop's folder into a service; close it when done.

    Parameters
    ----------
    folder
        The shop.
    clock
        Where "now" comes from.
    encoders
        What reads queries in a shop of this configuration; None searches by words alone.

    Raises
    ------
    ShopNotFound
        The folder is not a shop.
    """
    if not (folder / CONFIG_FILE).is_file():
        raise ShopNotFound(
            f"{folder} is not a shop: it has no {CONFIG_FILE}.",
            hint=f"Create one with: shopkeeper init {folder}",
        )
    config = load_config(folder / CONFIG_FILE)
    identity = Identity(load_key(folder / KEY_FILE))
    models = LiveModel(folder / "models", lambda models: load_model(models / current_version(models)))
    store = Store(folder / STORE_FILE)
    choice = encoders(config) if encoders else None

    def adapted() -> Adaptation | None:
        model = models.current()
        return None if model is None else model.adaptation

    finder = Finder(store, folder / "cache", choice, adapted)
    return Service(config, identity, store, models, clock, finder, choice or (lambda texts: None))

"""Training beside the service."""

from pathlib import Path
from typing import Final

from shopkeeper.serving.beside import Beside
from shopkeeper.training.announce import TRAINING

LOG: Final = f"{TRAINING}.log"
"""What the last training that was started from here printed, in the folder of models."""


class Trainer(Beside):
    """Starts trainings of one shop, and tells how far they are.

    Parameters
    ----------
    folder
        The shop.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "train", "models", TRAINING)

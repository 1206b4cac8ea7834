"""Gradient descent that cannot run away: bounded in time, stopped where it stops gaining or breaks.

The one place where torch is looked for. It is needed to learn; what is learned is kept as NumPy arrays.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.errors import MissingDependency

if TYPE_CHECKING:
    from torch import Tensor

Parameters = Mapping[str, "Tensor"]


@dataclass(frozen=True, slots=True)
class Descent:
    """How far to go.

    Attributes
    ----------
    epochs
        Most passes.
    seconds
        Time after which no further step is taken; what was learned by then counts.
    rate
        Step of Adam (Kingma and Ba 2015).
    patience
        Passes without gain after which to stop, where somebody watches.
    """

    epochs: int
    seconds: float
    rate: float
    patience: int = 2


def torch_or_fail() -> Any:
    """The module torch.

    Raises
    ------
    MissingDependency
        It is not installed.
    """
    try:
        import torch
    except ImportError:
        raise MissingDependency(
            "Learning this model needs torch.", hint='pip install "shopkeeper[deep]"'
        ) from None
    return torch


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Draw from a seed and compute on one thread, then leave torch as it was.

    Sums of several threads depend on how many there are; and threads that wait for a busy core cost a small
    model more than they bring.
    """
    torch = torch_or_fail()
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def descend(
    parameters: Parameters,
    losses: Callable[[int], Iterator["Tensor"]],
    descent: Descent,
    watch: Callable[[], float] | None = None,
) -> int:
    """Lower the losses by changing the parameters in place.

    A loss that is not finite ends the descent and brings back the last state that was whole: the best one
    where somebody watches, else that after the last pass.

    Parameters
    ----------
    parameters
        Leaves that take gradients.
    losses
        The losses of one pass, by its number, each to be lowered by one step.
    descent
        How far to go.
    watch
        Measures the model after each pass, more is better; the best state stays.

    Returns
    -------
    int
        Passes behind the state that stays, one cut short by time included; 0 where nothing was learned.
    """
    torch = torch_or_fail()
    adam = torch.optim.Adam(parameters.values(), lr=descent.rate, fused=True)
    stop = time.monotonic() + descent.seconds
    kept, best, passes = _copy(parameters), -math.inf, 0
    for epoch in range(descent.epochs):
        if not _pass(adam, losses(epoch), stop):
            break
        value = watch() if watch else float(epoch)
        if value > best:
            kept, best, passes = _copy(parameters), value, epoch + 1
        if epoch + 1 - passes >= descent.patience or time.monotonic() > stop:
            break
    _restore(parameters, kept)
    return passes


def arrays(parameters: Parameters) -> dict[str, NDArray[np.float32]]:
    """Values of the parameters."""
    return {name: value.detach().numpy().copy() for name, value in parameters.items()}


def _pass(adam: Any, losses: Iterator["Tensor"], stop: float) -> bool:
    """One step a loss, until time is up; False where there was none, or one was not finite."""
    stepped = False
    for loss in losses:
        if not math.isfinite(loss.item()):
            return False
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        stepped = True
        if time.monotonic() > stop:
            break
    return stepped


def _copy(parameters: Parameters) -> list["Tensor"]:
    return [value.detach().clone() for value in parameters.values()]


def _restore(parameters: Parameters, kept: list["Tensor"]) -> None:
    for value, before in zip(parameters.values(), kept, strict=True):
        value.data.copy_(before)

"""A large table of vectors, learned a few rows at a time."""

import math
from typing import Final

import torch
from torch import Tensor

_FIRST: Final = 0.9
_SECOND: Final = 0.98
_EPSILON: Final = 1e-8


class Table:
    """Rows with what Adam remembers of each, and their running average.

    Only rows that a step touches are moved, so that a step costs the same in a catalogue of any size ("lazy"
    Adam). The average catches up with the steps it missed when a row is next touched, exactly, since the row
    stood still in between.

    Parameters
    ----------
    start
        Shape ``(n, dim)``.
    """

    def __init__(self, start: Tensor) -> None:
        self.rows = start.clone()
        self.mean = start.clone()
        self.first, self.second = torch.zeros_like(start), torch.zeros_like(start)
        # Log of what an average of all steps keeps of its start: now, and when each row was last touched.
        self.faded = torch.zeros((), dtype=torch.float64)
        self.touched = torch.zeros(len(start), dtype=torch.float64, device=start.device)

    def move(self, rows: Tensor, gradient: Tensor | None, rate: float, step: int) -> None:
        """One step of Adam for these distinct rows; ``step`` counts from 1."""
        if gradient is None:
            return
        first = self.first[rows].lerp_(gradient, 1 - _FIRST)
        second = self.second[rows].mul_(_SECOND).addcmul_(gradient, gradient, value=1 - _SECOND)
        self.first[rows], self.second[rows] = first, second
        spread = (second / (1 - _SECOND**step)).sqrt_().add_(_EPSILON)
        before = self.rows[rows]
        after = before.addcdiv(first, spread, value=-rate / (1 - _FIRST**step))
        mean = self.mean[rows].lerp_(before, self._missed(self.touched[rows]))
        self.rows[rows], self.mean[rows] = after, mean.lerp_(after, 1 - kept(step))
        self.faded += math.log(kept(step))
        self.touched[rows] = self.faded

    def averaged(self) -> Tensor:
        """The running average after the last step."""
        return self.mean.lerp(self.rows, self._missed(self.touched))

    def state(self) -> dict[str, Tensor]:
        """Everything `restore` needs."""
        names = ("rows", "mean", "first", "second", "faded", "touched")
        return {name: getattr(self, name) for name in names}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up where `state` was taken."""
        for name, own in self.state().items():
            own.copy_(state[name])

    def _missed(self, touched: Tensor) -> Tensor:
        """Share of the average that the steps since the last touch replaced by the row itself."""
        return -torch.expm1(self.faded - touched).to(self.rows.dtype)[:, None]


def kept(step: int) -> float:
    """What a running average keeps of itself: it looks back over about the last ninth of all steps."""
    return (1 + step) / (10 + step)

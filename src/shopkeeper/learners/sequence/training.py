"""Learning a sequence model pass by pass: Adam, and a running average of all weights.

What is answered with is the average (Polyak and Juditsky 1992); `loss` says what is lowered.
"""

import math
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shopkeeper.core.types import Floats
from shopkeeper.learners.sequence.batches import Batch, Feed
from shopkeeper.learners.sequence.config import Size
from shopkeeper.learners.sequence.loss import Facts, Model
from shopkeeper.learners.sequence.network import Network
from shopkeeper.learners.sequence.table import Table, kept

_QUICKER: Final = 50.0
"""So much faster are learned the few numbers that say whether people come back: Adam's steps are small."""
_TABLE: Final = 2.0
"""So much faster move the rows of items: each is touched by few steps."""
_WARM_UP: Final = 10


@dataclass(frozen=True, slots=True)
class Learned:
    """What is kept of a training.

    Attributes
    ----------
    items
        Shape ``(n_items, dim)``: unit vectors.
    weights
        Of the network, by name.
    temperature
        See `loss`.
    again
        See `loss`; indexed by `again_code`.
    """

    items: Floats
    weights: dict[str, NDArray[np.float32]]
    temperature: float
    again: Floats


class Trainer:
    """Learns pass by pass.

    Parameters
    ----------
    feed
        What to learn from.
    start
        Shape ``(n_items, dim)``: where item vectors start.
    facts
        What else is known of items.
    size, cell, gate, dropout
        As for `Network`.
    rate
        Step of Adam.
    seed
        Of everything drawn.
    """

    def __init__(
        self,
        feed: Feed,
        start: Floats,
        facts: Facts,
        *,
        size: Size,
        cell: str,
        gate: bool,
        dropout: float,
        rate: float,
        seed: int,
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.feed, self.rate, self.seed = feed, rate, seed
        self.steps = self.epochs = 0
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = Network(size, cell, gate, dropout)
            self.model = Model(network, facts, size.dim).to(self.device)
        # What all events have in common is no news; learned all the same, it would only blur the items.
        network.kinds.requires_grad_(len(np.unique(feed.kind)) > 1)
        network.gaps.requires_grad_(len(np.unique(feed.gap)) > 1)
        self.table = Table(torch.from_numpy(start).to(self.device))
        self.averages = {name: value.detach().clone() for name, value in self.model.named_parameters()}
        self.adam = self._adam()

    def warm(self, weights: dict[str, NDArray[np.float32]]) -> None:
        """Begin with the network of another training, where it has the same measures."""
        own = self.model.network.state_dict()
        if {name: value.shape for name, value in weights.items()} != {
            name: tuple(value.shape) for name, value in own.items()
        }:
            return
        self.model.network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
        self.averages = {name: value.detach().clone() for name, value in self.model.named_parameters()}

    def epoch(self) -> float:
        """One pass; the mean loss, not finite where learning broke off and the pass must not be used."""
        total, questions = 0.0, 0
        with torch.random.fork_rng():
            torch.manual_seed(hash((self.seed, self.epochs)) % 2**32)
            self.model.train()
            for batch in self.feed.batches(self.epochs):
                loss = self._step(batch)
                if not math.isfinite(loss):
                    return loss
                total, questions = total + loss * len(batch.row), questions + len(batch.row)
        self.epochs += 1
        return total / max(1, questions)

    def learned(self) -> Learned:
        """The averages, as arrays."""
        mean = self.averages
        with torch.no_grad():
            rows = self.table.averaged()
            items = torch.func.functional_call(
                self.model, mean, (rows, torch.arange(len(rows), device=self.device))
            )
        network = {
            name.removeprefix("network."): value.cpu().numpy().copy()
            for name, value in mean.items()
            if name.startswith("network.")
        }
        return Learned(
            items.cpu().numpy(),
            network,
            float(np.exp(network["log_temperature"])),
            network["again"].copy(),
        )

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Everything needed to go on from here."""
        found: dict[str, Tensor] = {f"table.{name}": value for name, value in self.table.state().items()}
        for name, value in self.model.named_parameters():
            memory = self.adam.state[value]
            found |= {f"model.{name}": value, f"average.{name}": self.averages[name]}
            found |= {f"adam.{name}.{part}": memory[part] for part in sorted(memory)}
        arrays = {name: value.detach().cpu().numpy().copy() for name, value in found.items()}
        return {**arrays, "steps": np.array(self.steps), "epochs": np.array(self.epochs)}

    def restore(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Go on from what `state` gave."""
        tensors = {name: torch.from_numpy(np.asarray(value)) for name, value in state.items()}
        self.table.restore({name: tensors[f"table.{name}"] for name in self.table.state()})
        self.adam = self._adam()
        for name, parameter in self.model.named_parameters():
            parameter.data.copy_(tensors[f"model.{name}"])
            self.averages[name].copy_(tensors[f"average.{name}"])
            prefix = f"adam.{name}."
            memory = {key: value for key, value in tensors.items() if key.startswith(prefix)}
            if memory:
                self.adam.state[parameter] = {
                    key.removeprefix(prefix): value.clone().to(self.device) for key, value in memory.items()
                }
        self.steps, self.epochs = int(state["steps"]), int(state["epochs"])

    def _adam(self) -> torch.optim.Adam:
        quick = [self.model.network.again]
        others = [value for value in self.model.parameters() if value is not quick[0]]
        groups = [{"params": others, "times": 1.0}, {"params": quick, "times": _QUICKER}]
        return torch.optim.Adam(groups, lr=self.rate, betas=(0.9, 0.98), fused=True)

    def _step(self, batch: Batch) -> float:
        rows = torch.from_numpy(batch.rows).to(self.device)
        raw = self.table.rows[rows].requires_grad_()
        half = self.device.type == "cuda"
        with torch.autocast("cuda", torch.bfloat16) if half else nullcontext():
            loss = self.model.loss(self.model(raw, rows), batch)
        value = float(loss.detach())
        if not math.isfinite(value):
            return value
        self.adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.steps += 1
        rate = self.rate * min(1.0, self.steps / _WARM_UP)
        for group in self.adam.param_groups:
            group["lr"] = rate * group["times"]
        self.adam.step()
        with torch.no_grad():
            self.table.move(rows, raw.grad, _TABLE * rate, self.steps)
            for name, parameter in self.model.named_parameters():
                self.averages[name].lerp_(parameter, 1 - kept(self.steps))
        return value

"""What to train in the time given: measured costs of families, scaled to the machine at hand."""

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from shopkeeper.training.families import BASIC, FURTHER, Cost, Family, Shape, blending

BUDGET: Final = 165.0
"""Seconds a training may spend on choosing and fitting unless told otherwise."""
_REFERENCE_SECONDS: Final = 0.055
"""What `_probe` takes on the machine on which the costs of families were measured (2 cores, quiet)."""
_SHARE_OF_MEMORY = 0.7
_LACKS_TIME: Final = "of the time budget are left"


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether a family is trained, and why.

    Attributes
    ----------
    name
        The family.
    chosen
        Whether it is trained.
    reason
        In a sentence.
    seconds, megabytes
        What it is expected to cost on this machine.
    """

    name: str
    chosen: bool
    reason: str
    seconds: float
    megabytes: float


def plan(shape: Shape, budget: float, *, deep: bool = True) -> tuple[Choice, ...]:
    """Choose families for a shop: the basic ones always, the further ones in their order while time lasts.

    Parameters
    ----------
    shape
        The shop.
    budget
        Seconds to spend, about.
    deep
        Whether families may be chosen that need more than the base installation.
    """
    slowness, memory = machine_slowness(), _SHARE_OF_MEMORY * free_mb()
    found, left = [], budget - slowness * blending(shape).seconds
    for name, family in (*BASIC.items(), *FURTHER.items()):
        cost = family.cost(shape)
        cost = Cost(cost.seconds * slowness, cost.megabytes)
        refused = "" if deep or not family.needs else f"left out, for it needs {family.needs}"
        refused = refused or _refusal(family, shape, cost, memory, np.inf if name in BASIC else left)
        if not refused:
            left -= cost.seconds
        reason = refused or f"about {cost.seconds:.0f} s"
        found.append(Choice(name, not refused, reason, round(cost.seconds, 1), round(cost.megabytes)))
    return tuple(found)


def replanned(choices: Sequence[Choice], shape: Shape, left: float) -> tuple[Choice, ...]:
    """The same choices, with families that only lacked time taken in as far as they now fit.

    Parameters
    ----------
    choices
        What `plan` gave; all that was chosen is done.
    shape
        The shop.
    left
        Seconds of the budget that are left.
    """
    left -= machine_slowness() * blending(shape).seconds
    found = []
    for choice in choices:
        if not choice.chosen and _LACKS_TIME in choice.reason and choice.seconds <= left:
            left -= choice.seconds
            choice = replace(choice, chosen=True, reason=f"about {choice.seconds:.0f} s; others took less")
        found.append(choice)
    return tuple(found)


def without(choices: Sequence[Choice], name: str, reason: str) -> tuple[Choice, ...]:
    """The same choices with one family left out after all."""
    return tuple(replace(c, chosen=False, reason=reason) if c.name == name else c for c in choices)


def chosen(choices: Sequence[Choice]) -> tuple[str, ...]:
    """Names of what is trained."""
    return tuple(choice.name for choice in choices if choice.chosen)


def _refusal(family: Family, shape: Shape, cost: Cost, memory: float, left: float) -> str:
    """Why a family is not trained; empty where it is."""
    if family.missing:
        return f'needs {family.needs}: pip install "shopkeeper[deep]"'
    if unsuited := family.unsuited(shape):
        return unsuited
    if cost.megabytes > memory:
        return f"would need {cost.megabytes:.0f} MB of memory; {memory:.0f} MB may be used"
    if cost.seconds > left:
        return f"would take about {cost.seconds:.0f} s; {max(left, 0):.0f} s {_LACKS_TIME}"
    return ""


@cache
def machine_slowness() -> float:
    """How much slower this machine is than the one on which costs were measured, at least a quarter."""
    return max(0.25, min(_probe() for _ in range(3)) / _REFERENCE_SECONDS)


def _probe() -> float:
    """Seconds for a little of what training does: products of matrices, and sorting."""
    rng = np.random.default_rng(0)
    matrix, values = rng.random((600, 600), np.float32), rng.random(400_000)
    start = time.perf_counter()
    for _ in range(4):
        matrix = matrix @ matrix
        matrix /= np.abs(matrix).max()
    np.argsort(values, kind="stable")
    return time.perf_counter() - start


def free_mb() -> float:
    """Memory that can be had without swapping: what the kernel says where it says it, else unused pages."""
    told = Path("/proc/meminfo")
    found = re.search(r"MemAvailable:\s+(\d+) kB", told.read_text()) if told.is_file() else None
    if found:
        return int(found[1]) / 1024
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20

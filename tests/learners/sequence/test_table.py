"""A table learned a few rows at a time, against torch's own Adam and an average taken at every step."""

import numpy as np
import torch

from shopkeeper.learners.sequence.table import Table, kept


def steps(n=40, rows=6, dim=3):
    rng = np.random.default_rng(0)
    for step in range(1, n + 1):
        touched = np.sort(rng.choice(rows, rng.integers(1, rows), replace=False))
        yield step, torch.from_numpy(touched), torch.from_numpy(rng.standard_normal((len(touched), dim)))


def test_rows_move_as_by_sparse_adam_and_the_average_misses_nothing():
    start = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    table, plain = Table(start), start.clone().requires_grad_()
    adam, average = torch.optim.SparseAdam([plain], lr=0.05, betas=(0.9, 0.98)), start.clone()
    for step, rows, gradient in steps():
        plain.grad = torch.sparse_coo_tensor(rows[None], gradient, start.shape, check_invariants=True)
        adam.step()
        table.move(rows, gradient, 0.05, step)
        average.lerp_(plain.detach(), 1 - kept(step))
        torch.testing.assert_close(table.rows, plain.detach())
        torch.testing.assert_close(table.averaged(), average)


def test_it_goes_on_where_it_was_left():
    start = torch.zeros(6, 3, dtype=torch.float64)
    whole, first = Table(start), Table(start)
    state = None
    for step, rows, gradient in steps():
        whole.move(rows, gradient, 0.05, step)
        if step <= 20:
            first.move(rows, gradient, 0.05, step)
            state = {name: value.clone() for name, value in first.state().items()}
    second = Table(start)
    second.restore(state or {})
    for step, rows, gradient in list(steps())[20:]:
        second.move(rows, gradient, 0.05, step)
    assert torch.equal(second.averaged(), whole.averaged())


def test_rows_without_a_gradient_stay():
    table = Table(torch.ones(2, 2))
    table.move(torch.tensor([0]), None, 0.1, 1)
    assert torch.equal(table.averaged(), torch.ones(2, 2))

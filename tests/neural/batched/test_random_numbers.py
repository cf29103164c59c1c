from __future__ import annotations

import numpy as np
import torch

from hybrid_index import random_stream
from hybrid_index.neural.batched.random_numbers import key_of, uniform


def test_the_numbers_of_the_kernels() -> None:
    for parent, counter in ((0, 0), (7, 3), (2**63 - 1, 10**9)):
        key = random_stream.key_of(np.uint64(parent), np.uint64(counter))
        found = key_of(torch.tensor([parent]), torch.tensor([counter]))
        assert found.numpy().view(np.uint64)[0] == key
        assert key_of(torch.tensor([parent]), counter).equal(found)
        state = np.array([key], dtype=np.uint64)
        expected = [random_stream.uniform(state) for _ in range(5)]
        assert [float(uniform(found, i)[0]) for i in range(5)] == expected


def test_splitmix64_of_its_authors() -> None:
    # first outputs for the seed 1234567, as its reference implementation prints them
    assert key_of(torch.tensor([1234567]), 0).numpy().view(np.uint64)[0] == 6457827717110365317
    assert key_of(torch.tensor([1234567]), 1).numpy().view(np.uint64)[0] == 3203168211198807973


def test_uniform_and_independent() -> None:
    x = uniform(key_of(torch.tensor([5]), torch.arange(100_000)), 0)
    y = uniform(key_of(torch.tensor([5]), torch.arange(100_000)), 1)
    assert float(x.min()) > 0.0
    assert float(x.max()) < 1.0
    counts = torch.histc(x, 50, 0.0, 1.0)
    assert float(((counts - 2000.0) ** 2 / 2000.0).sum()) < 90.0  # χ² of 49 degrees of freedom, p = 0.0003
    assert abs(float(torch.corrcoef(torch.stack([x, y]))[0, 1])) < 0.015

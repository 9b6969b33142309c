"""Running values after every mini-batch: an inclusive scan of states."""

from __future__ import annotations

from bncli.stats.tree import A


def scan(states: A) -> A:
    """State i merged with all before it, shape (batches, channels) in and out.

    Takes log2(batches) vectorized merges. Source: Hillis & Steele 1986.
    """
    step = 1
    while step < states.shape[0]:
        merged = states[:-step].merge(states[step:])
        states = states.stack([states[:step], merged])
        step *= 2
    return states

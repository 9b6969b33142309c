"""Doing work on data whose column types were guessed, and starting again when a guess was wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from bncli.data.dataset import Dataset
from bncli.data.failures import FAILURES, is_about_reading
from bncli.data.parts import Retyped
from bncli.errors import DataError, Unreadable

T = TypeVar("T")
_MOST_RESTARTS = 6


def with_retyping(dataset: Dataset, work: Callable[[Dataset], T], columns: Sequence[str] = ()) -> T:
    """Do ``work``, again with a better typed dataset when a guessed type did not hold.

    columns: those that the work reads; () for all. Raises what a failure of reading means.
    """
    for _ in range(_MOST_RESTARTS):
        try:
            return work(dataset)
        except Retyped as better:
            dataset = dataset.retyped(better.guesses)
        except DataError:
            # That a file changed explains whatever is wrong with its data.
            dataset.check_unchanged()
            raise
        except FAILURES as error:
            if not is_about_reading(error):
                raise
            problem = dataset.explain(error, columns)
            if not isinstance(problem, Retyped):
                raise problem from error
            dataset = dataset.retyped(problem.guesses)
    raise Unreadable("its columns change their types again and again", where=dataset.name)

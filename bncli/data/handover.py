"""Pieces made in a thread of their own while the ones before are used, one ahead at most."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")
_PATIENCE_S = 1.0


def handed_over(make: Callable[[Callable[[T], bool]], object], name: str) -> Iterator[T]:
    """What ``make`` passes to the function that it is given, in order.

    make: runs in the thread; what it is given returns True once no more is wanted. Raises what
    ``make`` raises, after the pieces before. name: of the thread.
    """
    maker = _Maker(make, name)
    maker.start()
    try:
        while (piece := maker.pieces.get()) is not None:
            maker.wanted.release()
            yield piece[0]
            # Not to be held while the next one is waited for.
            del piece
    finally:
        maker.stop()
    if maker.error is not None:
        raise maker.error


def ahead(pieces: Iterable[T], name: str = "bncli-ahead") -> Iterator[T]:
    """The same pieces, the next one being made while one is used."""

    def make(hand: Callable[[T], bool]) -> None:
        for piece in pieces:
            if hand(piece):
                return

    return handed_over(make, name)


class _Maker(threading.Thread, Generic[T]):
    """pieces: each alone in a tuple, then None; wanted: how many may be handed over untaken."""

    def __init__(self, make: Callable[[Callable[[T], bool]], object], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._make: Callable[[Callable[[T], bool]], object] | None = make
        self._stopped = False
        self.pieces: SimpleQueue[tuple[T] | None] = SimpleQueue()
        self.wanted = threading.Semaphore(1)
        self.error: BaseException | None = None

    def run(self) -> None:
        make, self._make = self._make, None
        assert make is not None
        try:
            make(self._hand)
        except BaseException as error:  # also the panic of a Rust library
            self.error = error
        self.pieces.put(None)

    def stop(self) -> None:
        """Let the thread end; pieces that nobody took are let go."""
        self._stopped = True
        self.wanted.release()
        # One that waits for a pipe has no end to wait for.
        self.join(_PATIENCE_S)
        while True:
            try:
                self.pieces.get_nowait()
            except Empty:
                return

    def _hand(self, piece: T) -> bool:
        self.wanted.acquire()
        if not self._stopped:
            self.pieces.put((piece,))
        return self._stopped

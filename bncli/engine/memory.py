"""Memory between one block of rows and the next."""

from __future__ import annotations

import numpy as np

FREED_BYTES = 31 << 20


def keep_freed_memory() -> None:
    """Stop the C library from giving back memory that the next block asks for again.

    glibc does so above a threshold that follows the largest block ever freed; faulting the pages
    in again would cost more than the arithmetic done on them. Elsewhere this does nothing.
    """
    np.empty(FREED_BYTES, dtype=np.uint8)

"""Numbers as a report prints them."""

from __future__ import annotations

__all__ = ["rounded"]


def rounded(value: float, digits: int) -> str:
    """Return a number with so many digits, but never in powers of ten where it is large.

    >>> rounded(11.6632, 4), rounded(0.05, 3), rounded(123456.7, 3)
    ('11.66', '0.05', '123457')
    """
    return f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"

"""The table of what was compared: one line for each comparison of numbers that should agree."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cytoproc.export.table import Table, number_column, text_column
from cytoproc.study.checks import Check

__all__ = ["check_table"]

_NUMBERS = ("value", "low", "high", "chance_low", "chance_high")


def check_table(checks: Sequence[Check]) -> Table:
    """Return the table `checks`: what was compared, the number that came of it, what is allowed, and the verdict."""
    return Table(
        (
            text_column("check", (c.kind for c in checks)),
            text_column("name", (c.name for c in checks)),
            text_column("samples", (";".join(c.samples) for c in checks)),
            *(number_column(name, map(_finite, (getattr(c, name) for c in checks))) for name in _NUMBERS),
            text_column("unit", (c.unit for c in checks)),
            text_column("verdict", (c.verdict for c in checks)),
            text_column("comment", (c.in_words for c in checks), is_prose=True),
        )
    )


def _finite(value: float) -> float | None:
    """Return a number; none where chance has no end."""
    return value if math.isfinite(value) else None

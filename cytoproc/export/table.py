"""A table before it has a format. CSV, Parquet and Excel all write this one value, so they cannot disagree."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cytoproc.model.text import write_out

__all__ = ["Column", "Kind", "Table", "count_column", "number_column", "text_column"]


class Kind(StrEnum):
    """What a column holds: text, whole numbers, or numbers; a percentage is a number from 0 to 100."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Column:
    """Values of one kind under one name; `None` where there is no number.

    `title` is what Excel shows in its place, for people: shorter, and still told apart from the others. Prose is text
    to be read, which Excel shows whole, over several lines.
    """

    name: str
    kind: Kind
    values: tuple[Any, ...]
    title: str = ""
    is_prose: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of one length, each name once."""

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        """Refuse a table that a reader could misread."""
        if twice := [name for name, n in Counter(self.names).items() if n > 1]:
            msg = f"a table names each column once; there twice: {', '.join(twice)}"
            raise ValueError(msg)
        if len({len(c.values) for c in self.columns}) > 1:
            msg = f"columns of one table have one length, not {[len(c.values) for c in self.columns]}"
            raise ValueError(msg)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(c.name for c in self.columns)

    @property
    def n_rows(self) -> int:
        """How many lines there are."""
        return len(self.columns[0].values) if self.columns else 0

    def rows(self) -> Iterator[Sequence[Any]]:
        """Yield the lines."""
        return zip(*(c.values for c in self.columns), strict=True)


def text_column(name: str, values: Iterable[str], *, title: str = "", is_prose: bool = False) -> Column:
    r"""Return a column of text, with control characters written out.

    >>> text_column("id", ["001", "a\tb"]).values
    ('001', 'a\\x09b')
    """
    clean: dict[str, str] = {}
    texts = tuple(clean[v] if v in clean else clean.setdefault(v, write_out(v)) for v in values)
    return Column(write_out(name), Kind.TEXT, texts, write_out(title), is_prose)


def number_column(name: str, values: Iterable[float | str | None], *, percent: bool = False, title: str = "") -> Column:
    """Return a column of numbers; NaN, empty text and None are no number.

    >>> number_column("day", ["-7", ""]).values
    (-7.0, None)
    """
    kind = Kind.PERCENT if percent else Kind.NUMBER
    return Column(write_out(name), kind, tuple(map(_number, values)), write_out(title))


def count_column(name: str, values: Iterable[float | str | None], *, title: str = "") -> Column:
    """Return a column of whole numbers; NaN, empty text and None are no number.

    >>> count_column("n_events", [12.0, float("nan")]).values
    (12, None)

    Raises
    ------
    ValueError
        If a value is not whole: it is not cut off.
    """
    return Column(write_out(name), Kind.COUNT, tuple(_whole(name, v) for v in values), write_out(title))


def _number(value: float | str | None) -> float | None:
    if value is None or value == "":
        return None
    number = float(value)
    return None if math.isnan(number) else number


def _whole(name: str, value: float | str | None) -> int | None:
    number = _number(value)
    if number is None:
        return None
    if not number.is_integer():
        msg = f"column {name!r} holds whole numbers, not {number!r}"
        raise ValueError(msg)
    return int(number)

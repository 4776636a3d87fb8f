"""What commands print: plain tables that survive a narrow screen, a pipe and a hostile sample name."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import typer

from cytoproc.model.text import clean_text, one_line

__all__ = ["name_some", "of_the_system", "print_error", "print_json", "print_lines", "print_table"]

_NO_LIMIT = 10_000
_MOST_NAMED = 5


def of_the_system(error: OSError) -> str:
    """Return an error of the operating system as a message for a person."""
    if isinstance(error, FileNotFoundError):
        return f"there is no file {error.filename}"
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def print_error(message: str) -> None:
    """Print a message for a person to the error stream."""
    typer.echo(f"cytoproc: {clean_text(message)}", err=True)


def print_lines(*lines: str) -> None:
    """Print lines."""
    for line in lines:
        typer.echo(clean_text(line))


def print_json(value: Any) -> None:
    """Print a value as JSON; NaN becomes null."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False))


def name_some(ids: Sequence[str]) -> str:
    """Return the first of many names, and how many more there are.

    >>> name_some(["a", "b"]), name_some(list("abcdefg"))
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    more = f" and {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else ""
    return ", ".join(ids[:_MOST_NAMED]) + more


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "", right: Sequence[int] = ()
) -> None:
    """Print a table; columns numbered in `right` are flush right. In a pipe it is as wide as it needs to be."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(one_line(title)) or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for i, name in enumerate(header):
        table.add_column(escape(clean_text(name)), justify="right" if i in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(one_line(cell)) for cell in row))
    width = None if sys.stdout.isatty() else _NO_LIMIT
    console = Console(width=width, highlight=False, soft_wrap=False)
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():  # rich pads every line, and puts an empty one above and below
        if line.strip():
            typer.echo(line.rstrip())

"""Whole files under their names, or nothing: a temporary name beside the place, sync, rename."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cytoproc.errors import OutputError

__all__ = ["final_name", "open_whole", "write_whole"]

_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}\.tmp")


@contextmanager
def open_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be written in pieces; it gets its name once the block has ended without an error.

    Several may write one file at a time: each has a temporary name of its own, and the last one stays. A file that was
    there keeps its content until then.

    Raises
    ------
    OutputError
        If the file cannot be written, or the name is that of a folder, a pipe or a device.
    """
    try:
        part = _temporary(path)
        try:
            with part.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            with suppress(OSError):
                part.unlink()
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(_message(path, error.strerror or str(error))) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that its name never stands for half of it.

    Raises
    ------
    OutputError
        As :func:`open_whole`.
    """
    with open_whole(path) as file:
        file.write(content)


def final_name(name: str) -> str:
    """Return the name that a file gets once it is whole: its own, unless that is a temporary one.

    >>> final_name(".wide.csv.0123abcd.tmp"), final_name("wide.csv")
    ('wide.csv', 'wide.csv')
    """
    temporary = _TEMPORARY.fullmatch(name)
    return temporary["name"] if temporary else name


def _temporary(path: Path) -> Path:
    if path.exists() and not path.is_file():
        raise OutputError(_message(path, "it is no ordinary file"))
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


def _message(path: Path, reason: str) -> str:
    return f"cannot write {path}: {reason}. Check that the folder is there, and your right to it."

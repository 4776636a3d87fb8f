"""Whole files under their names, or nothing: a temporary name beside the place, sync, rename."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cytoproc.errors import OutputError

__all__ = ["cannot_write", "final_name", "open_whole", "write_whole"]

_CHECK = "Check that the folder is there, and your right to it."
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
        raise cannot_write(path, error) from error


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


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Return what is said when the system does not let a file be written, and what to do about it."""
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    what_to_do = "Make room and run the command again." if full else _CHECK
    return OutputError(f"cannot write {path}: {error.strerror or error}. {what_to_do}")


def _temporary(path: Path) -> Path:
    if path.exists() and not path.is_file():
        msg = f"cannot write {path}: it is no ordinary file. {_CHECK}"
        raise OutputError(msg)
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")

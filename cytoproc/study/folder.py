"""The folder of a run: whole files under final names, or nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cytoproc.errors import OutputError

__all__ = ["open_run_folder", "write_whole"]

_FINISHED = "record.json"
_STARTED = "run.log"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that its name never stands for half of it: temporary name, sync, rename.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.tmp", delete=False) as f:
            temporary = Path(f.name)
            f.write(content)
            f.flush()
            os.fsync(f.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as e:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        msg = f"cannot write {path}: {e.strerror or e}"
        raise OutputError(msg) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def open_run_folder(path: Path) -> None:
    """Make the folder of a run: absent, empty, or one whose run did not finish.

    Raises
    ------
    OutputError
        If it holds a finished run or anything else.
    """
    if path.exists() and not path.is_dir():
        msg = f"{path} is a file; give --out a folder"
        raise OutputError(msg)
    if path.is_dir():
        names = {p.name for p in path.iterdir()}
        if _FINISHED in names:
            msg = f"{path} holds a finished run already; give --out another folder, or remove this one"
            raise OutputError(msg)
        if names and _STARTED not in names:
            msg = (
                f"{path} holds files that are not of a run ({', '.join(sorted(names)[:3])}); give --out an empty folder"
            )
            raise OutputError(msg)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        msg = f"cannot make the folder {path}: {e.strerror or e}"
        raise OutputError(msg) from None

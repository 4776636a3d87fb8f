"""The folder of a run: a new one, or that of a run which did not finish."""

from __future__ import annotations

import re
from pathlib import Path

from cytoproc.errors import OutputError
from cytoproc.writing import final_name

__all__ = ["open_run_folder"]

_FINISHED = "record.json"
_STARTED = "run.log"
_TABLES = {"results.csv", "results.parquet", "results.xlsx", "wide.csv", "wide.parquet"}
_WRITTEN = _TABLES | {_FINISHED, _STARTED}
_FIRST_LINE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO cytoproc ")


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
        strange = [n for n in names if final_name(n) not in _WRITTEN] if _is_log(path / _STARTED) else names
        if strange:
            msg = (
                f"{path} holds files that are not of a run ({', '.join(sorted(strange)[:3])}); "
                "give --out an empty folder"
            )
            raise OutputError(msg)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        msg = f"cannot make the folder {path}: {e.strerror or e}"
        raise OutputError(msg) from None


def _is_log(path: Path) -> bool:
    """Return whether a file begins as the log of a run does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _FIRST_LINE.match(file.read(100)) is not None

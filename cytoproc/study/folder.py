"""The folder of a run: a new one, or that of a run which did not finish."""

from __future__ import annotations

import re
from pathlib import Path

from cytoproc.errors import OutputError
from cytoproc.templates.template import GatingTemplate
from cytoproc.writing import final_name

__all__ = ["TEMPLATES", "open_run_folder", "template_file"]

TEMPLATES = "templates"
"""The folder, in that of a run, of the templates that it used."""

_FINISHED = "record.json"
_STARTED = "run.log"
_TABLES = {"checks.csv", "results.csv", "results.parquet", "results.xlsx", "wide.csv", "wide.parquet"}
_DESCRIPTIONS = {"data_dictionary.csv", "results.schema.json"}
_WRITTEN = _TABLES | _DESCRIPTIONS | {_FINISHED, _STARTED}
_TEMPLATE = re.compile(r"[\w.+-]+-[0-9a-f]{12}\.yaml", re.ASCII)
_NOT_IN_NAMES = re.compile(r"[^\w.+-]+", re.ASCII)
_LONGEST_NAME = 80
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
        strange = [n for n in names if not _is_ours(path / n)] if _is_log(path / _STARTED) else names
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


def template_file(template: GatingTemplate) -> str:
    """Return the name under which a run keeps a copy of a template: told apart from others of its name by its digest.

    >>> template_file(GatingTemplate("CAR-T / blood", "1", (), (), digest="0123456789abcdef"))
    'templates/CAR-T_blood-0123456789ab.yaml'
    """
    name = _NOT_IN_NAMES.sub("_", template.name)[:_LONGEST_NAME]
    return f"{TEMPLATES}/{name}-{template.digest[:12]}.yaml"


def _is_ours(path: Path) -> bool:
    """Return whether a run writes a file, or a folder of such files, under this name."""
    if path.name == TEMPLATES and path.is_dir():
        return all(_TEMPLATE.fullmatch(final_name(p.name)) for p in path.iterdir())
    return final_name(path.name) in _WRITTEN


def _is_log(path: Path) -> bool:
    """Return whether a file begins as the log of a run does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _FIRST_LINE.match(file.read(100)) is not None

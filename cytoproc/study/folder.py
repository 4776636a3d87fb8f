"""The folder of a run: a new one, or that of an earlier run, and for one run at a time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from cytoproc.errors import OutputError
from cytoproc.model.text import safe_file_name
from cytoproc.templates.template import GatingTemplate
from cytoproc.writing import final_name

__all__ = ["SAMPLES", "TEMPLATES", "clear_run_folder", "hold_run_folder", "sample_file", "template_file"]

TEMPLATES = "templates"
"""The folder, in that of a run, of the templates that it used."""
SAMPLES = "samples"
"""The folder, in that of a run, of the samples that are finished."""

_FINISHED = "record.json"
_STARTED = "run.log"
_LOCK = "run.lock"
_TABLES = {"checks.csv", "results.csv", "results.parquet", "results.xlsx", "wide.csv", "wide.parquet"}
_DESCRIPTIONS = {"data_dictionary.csv", "results.schema.json"}
_RESULTS = _TABLES | _DESCRIPTIONS | {_FINISHED}
_WRITTEN = _RESULTS | {_STARTED, _LOCK}
_IN_FOLDERS = {
    TEMPLATES: re.compile(r"[\w.+-]+-[0-9a-f]{12}\.yaml", re.ASCII),
    SAMPLES: re.compile(r"[\w.+-]+-[0-9a-f]{12}\.json", re.ASCII),
}
_BEGUN = " begun by "
_FIRST_LINE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO cytoproc ")


@contextmanager
def hold_run_folder(path: Path, *, resume: bool = False) -> Iterator[None]:
    """Make the folder of a run and keep it from other runs until the block ends, however it ends.

    It may be absent, empty, or hold a run that did not finish; with `resume` also one that did. The lock is one of the
    operating system's: it ends with the process that holds it, so a run that was killed leaves none.

    Raises
    ------
    OutputError
        If it holds a finished run, or anything else, or another run is writing into it.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - what only reads run folders need not load it

    _check(path, resume=resume)
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path / _LOCK, timeout=0, fallback_to_soft=False)
        lock.acquire()
    except Timeout:
        msg = f"another run is writing into {path} ({_who(path)}); wait for its end, or give --out another folder"
        raise OutputError(msg) from None
    except (OSError, NotImplementedError) as e:
        msg = f"cannot make the folder {path}: {getattr(e, 'strerror', None) or e}"
        raise OutputError(msg) from None
    try:
        _check(path, resume=resume)  # again: another run may have ended in between
        yield
    finally:
        lock.release()


def _check(path: Path, *, resume: bool) -> None:
    """Raise an OutputError if a run may not write into a folder."""
    if path.exists() and not path.is_dir():
        msg = f"{path} is a file; give --out a folder"
        raise OutputError(msg)
    if not path.is_dir():
        return
    names = {p.name for p in path.iterdir()} - {_LOCK}
    if _FINISHED in names and not resume:
        msg = (
            f"{path} holds a finished run already; give --out another folder, or add --resume "
            "to compute again what has changed since"
        )
        raise OutputError(msg)
    strange = [n for n in names if not _is_ours(path / n)] if _is_begun(path) else names
    if strange:
        msg = f"{path} holds files that are not of a run ({', '.join(sorted(strange)[:3])}); give --out an empty folder"
        raise OutputError(msg)


def _who(path: Path) -> str:
    """Return what the last run to begin in a folder says of itself."""
    try:
        lines = (path / _STARTED).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "its log cannot be read"
    begun = [line for line in lines if _BEGUN in line]
    return begun[-1].partition(_BEGUN)[2] if begun else "it has just begun"


def clear_run_folder(path: Path, *, samples: Collection[str]) -> None:
    """Remove what an earlier run left: its record and tables, pieces of files, and samples that are not listed.

    The record goes first, so that no folder looks finished that is not.

    Raises
    ------
    OutputError
        If something cannot be removed.
    """
    stays = {Path(sample_file(s)).name for s in samples}
    old = [path / _FINISHED, *(p for p in path.iterdir() if final_name(p.name) in _RESULTS and p.name != _FINISHED)]
    for name in _IN_FOLDERS:
        old += [p for p in (path / name).glob("*") if p.name not in stays]
        old += [p for p in (path / name).glob(".*") if p.is_file()]
    try:
        for file in dict.fromkeys(old):
            file.unlink(missing_ok=True)
    except OSError as e:
        msg = f"cannot remove what an earlier run left: {file}: {e.strerror or e}"
        raise OutputError(msg) from e


def template_file(template: GatingTemplate) -> str:
    """Return the name under which a run keeps a copy of a template: told apart from others of its name by its digest.

    >>> template_file(GatingTemplate("CAR-T / blood", "1", (), (), digest="0123456789abcdef"))
    'templates/CAR-T_blood-0123456789ab.yaml'
    """
    return f"{TEMPLATES}/{safe_file_name(template.name)}-{template.digest[:12]}.yaml"


def sample_file(sample_id: str) -> str:
    """Return the name under which a run keeps a finished sample: told apart from ids that look alike by a digest.

    >>> sample_file("CAR-01 D14")
    'samples/CAR-01_D14-6c3508a04601.json'
    """
    return f"{SAMPLES}/{safe_file_name(sample_id)}-{hashlib.sha256(sample_id.encode()).hexdigest()[:12]}.json"


def _is_ours(path: Path) -> bool:
    """Return whether a run writes a file, or a folder of such files, under this name."""
    if (inside := _IN_FOLDERS.get(path.name)) and path.is_dir():
        return all(inside.fullmatch(final_name(p.name)) for p in path.iterdir())
    return final_name(path.name) in _WRITTEN


def _is_begun(path: Path) -> bool:
    """Return whether a folder has the log of a run, or one that was killed before its first line."""
    log = path / _STARTED
    if not log.is_file():
        return False
    with log.open("rb") as file:
        first = file.read(100)
    return _FIRST_LINE.match(first) is not None or (not first and (path / _LOCK).is_file())

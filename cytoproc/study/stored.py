"""Finished samples as they lie in the folder of a run, so that none of them need be computed again.

Each is one JSON file: the result, the fingerprints of what it was made from, and a checksum over both. A file that was
cut or changed counts as absent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from cytoproc.errors import FCSError
from cytoproc.model.results import SampleResult
from cytoproc.study.folder import sample_file
from cytoproc.study.processing import SampleTask, digest_of_file
from cytoproc.templates.template import GatingTemplate
from cytoproc.version import __version__
from cytoproc.writing import write_whole

__all__ = ["Fingerprints", "fingerprints", "keep_result", "kept_result", "worth_keeping"]

_RESULT = TypeAdapter(SampleResult)
_PASSING = {"FILE_NOT_FOUND", "FILE_UNREADABLE", "INTERNAL_ERROR", "OUT_OF_MEMORY", "TIMEOUT", "WORKER_DIED"}
_NO_SETTINGS = {"path", "place", "template"}
_PACKAGE = Path(__file__).parents[1]
_CHANGED = {
    "file_sha256": "the file has changed",
    "template_sha256": "the template has changed",
    "settings_sha256": "the settings have changed",
    "program": "the version of cytoproc has changed",
}


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """What one result depends on. `program` is the version with a digest of its code and of numpy's version."""

    file_sha256: str
    template_sha256: str
    settings_sha256: str
    program: str

    def changes_from(self, before: Mapping[str, str]) -> Iterator[str]:
        """Yield, in words, what is not as it was."""
        for name, text in _CHANGED.items():
            if before.get(name) != getattr(self, name):
                yield text


def fingerprints(task: SampleTask, file_sha256: str) -> Fingerprints:
    """Return the fingerprints of a task whose file has this SHA-256.

    The settings are all that a task says besides its template, where its file lies, and where it is listed.
    """
    settings = {f.name: getattr(task, f.name) for f in fields(task) if f.name not in _NO_SETTINGS}
    text = json.dumps(settings, sort_keys=True, default=repr)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Fingerprints(file_sha256, _template_digest(task.template), digest, _program())


def _template_digest(template: GatingTemplate) -> str:
    """Return the digest of a template, with the names that its study adds, and the matrices, files of their own."""
    digest = hashlib.sha256(template.digest.encode())
    for marker in template.markers:
        digest.update(f"{marker.name}:{marker.aliases}".encode())
    for name, path in sorted(template.matrices):
        digest.update(f"{name}={_digest_if_there(path)}".encode())
    return digest.hexdigest()


def _digest_if_there(path: Path) -> str:
    """Return the SHA-256 of a file; nothing of one that cannot be read."""
    try:
        return digest_of_file(path)
    except (OSError, FCSError):
        return ""


def worth_keeping(task: SampleTask, result: SampleResult) -> bool:
    """Return whether a result would be the same another time, and could be told from another template's.

    A file that was away may be there the next time, and a worker that died may live; a template that was made in memory
    has no digest.
    """
    return bool(result.sha256 and task.template.digest) and result.error_code not in _PASSING


def keep_result(folder: Path, task: SampleTask, result: SampleResult) -> None:
    """Write a finished sample into the folder of its run.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    made_from = fingerprints(task, result.sha256)
    body: dict[str, Any] = {
        "made_from": {name: getattr(made_from, name) for name in _CHANGED},
        "result": _RESULT.dump_python(result, mode="json"),
    }
    write_whole(folder / sample_file(task.sample_id), _text({**body, "checksum": _checksum(body)}).encode())


def kept_result(folder: Path, task: SampleTask) -> tuple[SampleResult | None, str]:
    """Return the result of a sample that was finished before, or why it is to be computed again.

    The reason is empty if there is no such result.
    """
    body = _read(folder / sample_file(task.sample_id))
    if body is None:
        return None, ""
    made_from = fingerprints(task, _digest_if_there(task.path))
    if changes := list(made_from.changes_from(body["made_from"])):
        return None, " and ".join(changes)
    try:
        return _RESULT.validate_python(body["result"]), ""
    except ValidationError:
        return None, "its kept result cannot be read"


def _read(path: Path) -> dict[str, Any] | None:
    """Return what a file holds if it is whole."""
    try:
        body = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(body, dict) or body.pop("checksum", None) != _checksum(body):
        return None
    return body


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(_text(body).encode()).hexdigest()


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps(body, indent=1, sort_keys=True) + "\n"


@lru_cache
def _program() -> str:
    """Return what computed a result: also code that was changed without a new version gives other numbers."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return f"cytoproc {__version__} {digest.hexdigest()[:16]} numpy {np.__version__}"

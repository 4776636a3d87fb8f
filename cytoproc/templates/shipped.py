"""The templates that come with cytoproc."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from cytoproc.errors import UsageError
from cytoproc.templates.document import did_you_mean

__all__ = ["copy_template", "find_template", "shipped_templates"]

_PLAIN = re.compile(r"[A-Za-z][\w-]*", re.ASCII)
_WORDS = {"true", "false", "null"}
_PACKAGE = Path(__file__).parent.parent


def shipped_templates() -> dict[str, Path]:
    """Return the file of every shipped template by its name: in the installed package, or in a checkout beside it."""
    installed, checkout = _PACKAGE / "gating_templates", _PACKAGE.parent / "gating_templates"
    folder = installed if installed.is_dir() else checkout
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def copy_template(name: str, new_name: str) -> bytes:
    """Return a shipped template under a new name, with a comment that says what it is a copy of.

    What a lab changes in its copy must not look in its results like what was shipped.

    Raises
    ------
    UsageError
        If no template of that name is shipped.
    """
    raw = find_template(name, Path()).read_bytes()
    version = re.search(r"^version: (.*)$", raw.decode(), re.MULTILINE)
    shipped = f"{name} {version.group(1) if version else ''}"
    origin = f"# Began as a copy of {shipped} (SHA-256 {hashlib.sha256(raw).hexdigest()})"
    written = new_name if _PLAIN.fullmatch(new_name) and new_name.casefold() not in _WORDS else json.dumps(new_name)
    text = re.sub(r"^template: .*$", lambda _: f"template: {written}", raw.decode(), count=1, flags=re.MULTILINE)
    return f"{origin}\n{text}".encode()


def find_template(reference: str, folder: Path) -> Path:
    """Return the template file that a path (from `folder`) or the name of a shipped template stands for.

    Raises
    ------
    UsageError
        If it stands for neither.
    """
    path = folder / reference
    if path.is_file():
        return path
    shipped = shipped_templates()
    if reference in shipped:
        return shipped[reference]
    names = ", ".join(shipped) or "none"
    where = f" in {folder.name}" if folder.name else ""
    msg = (
        f"no template file {reference!r}{where}, and no shipped template of that name"
        f"{did_you_mean(reference, list(shipped))}; shipped are: {names}"
    )
    raise UsageError(msg)

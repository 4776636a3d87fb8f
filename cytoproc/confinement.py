"""Whether a path that a document names may be followed: into the study's folder and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath, PureWindowsPath

__all__ = ["why_not_inside"]

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ADDRESS = re.compile(r".*://|(file|https?|ftp|data|javascript):", re.IGNORECASE)
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
_MOST_SHOWN = 200
_TO_DO = "move it there or set allow_outside: true"


def why_not_inside(name: str, folder: Path, *, start: Path | None = None, allow_outside: bool = False) -> str:
    """Return why a path in a document is not followed; nothing if it is that of a file, there or not, in the folder.

    Links are seen through. The path starts at `start`, or else at the folder. `allow_outside` lets it leave the folder,
    but makes no address, device or path in another system's writing one that can be followed.

    >>> why_not_inside("day7/a.fcs", Path("study"))
    ''
    >>> why_not_inside("../a.fcs", Path("study"))
    "'../a.fcs' lies outside the study folder; move it there or set allow_outside: true"
    """
    path = (start or folder) / name
    shown = repr(name if len(name) <= _MOST_SHOWN else f"{name[:_MOST_SHOWN]}...")
    if _UNSEEN.search(name):
        return f"{shown} holds a character that cannot be seen; write the path again"
    if _ADDRESS.match(name):
        return f"{shown} is an address; copy the file into the study folder"
    if "\\" in name or PureWindowsPath(name).drive:
        return f"{shown}: write paths from the study folder, with forward slashes"
    if name.startswith("~"):
        return f"{shown}: ~ stands for no folder here; write the path from the study folder"
    if PurePosixPath(name).name in {"", ".."} or name.endswith("/"):
        return f"{shown} is a folder; write the path of one file"
    if device := next((p for p in PurePosixPath(name).parts if _DEVICE.fullmatch(p.split(".")[0].rstrip(" "))), ""):
        return f"{shown}: {device} is the name of a device on some computers; give the file another name"
    if path.is_relative_to("/dev"):
        return f"{shown} is a device; write the path of one file"
    try:
        outside = not path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a link to itself
        return f"{shown} leads nowhere; write the path of one file"
    if allow_outside or not outside:
        return ""
    return f"{shown} lies outside the study folder; {_TO_DO}"

"""Population paths: names joined with `/`, from the root down."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["ROOT", "join_path", "parent_path", "split_path"]

ROOT = "root"


def join_path(parent: str, name: str) -> str:
    r"""Return the path of a population under its parent; a slash or backslash in the name is escaped by a backslash.

    >>> join_path("root", "CD4/CD8"), join_path("T cells", "CD4+")
    ('CD4\\/CD8', 'T cells/CD4+')
    """
    escaped = name.replace("\\", "\\\\").replace("/", "\\/")
    return escaped if parent == ROOT else f"{parent}/{escaped}"


@lru_cache(maxsize=10_000)
def split_path(path: str) -> tuple[str, ...]:
    r"""Return the names along a path.

    >>> split_path("Live/CD4\\/CD8")
    ('Live', 'CD4/CD8')
    """
    parts = re.findall(r"(?:[^\\/]|\\.)+", path)
    return tuple(re.sub(r"\\(.)", r"\1", p) for p in parts)


def parent_path(path: str) -> str:
    """Return the path one step up; `root` for a population directly under it.

    >>> parent_path("Live/CD3+/CD4+"), parent_path("Live")
    ('Live/CD3+', 'root')
    """
    parts = re.findall(r"(?:[^\\/]|\\.)+", path)
    return "/".join(parts[:-1]) or ROOT

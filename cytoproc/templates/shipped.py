"""The templates that come with cytoproc."""

from __future__ import annotations

from pathlib import Path

from cytoproc.errors import UsageError
from cytoproc.templates.document import did_you_mean

__all__ = ["find_template", "shipped_templates"]

_PACKAGE = Path(__file__).parent.parent


def shipped_templates() -> dict[str, Path]:
    """Return the file of every shipped template by its name: in the installed package, or in a checkout beside it."""
    installed, checkout = _PACKAGE / "gating_templates", _PACKAGE.parent / "gating_templates"
    folder = installed if installed.is_dir() else checkout
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


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

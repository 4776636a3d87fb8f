"""cytoproc: flow cytometry exports into numbers somebody signs.

Everything a script needs, under one name::

    import cytoproc

    template = cytoproc.read_template("my_panel.yaml")
    gated = cytoproc.gate_file("tube.fcs", template)
    gated.counts["Cells/CD3+"]

Names are loaded when first used, so importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cytoproc.compensation import compensate, find_spillover, read_spillover_csv, write_spillover_csv
    from cytoproc.errors import CytoprocError
    from cytoproc.fcs import iter_events, read_dataset, read_fcs, write_fcs
    from cytoproc.gating import gate_file
    from cytoproc.running import run_study
    from cytoproc.study.definition import read_study, study_of_files
    from cytoproc.study.manifest import manifest_of_files
    from cytoproc.templates.reading import parse_template, read_template
    from cytoproc.version import __version__

_HOMES = {
    "CytoprocError": "cytoproc.errors",
    "__version__": "cytoproc.version",
    "compensate": "cytoproc.compensation",
    "find_spillover": "cytoproc.compensation",
    "gate_file": "cytoproc.gating",
    "iter_events": "cytoproc.fcs",
    "manifest_of_files": "cytoproc.study.manifest",
    "parse_template": "cytoproc.templates.reading",
    "read_dataset": "cytoproc.fcs",
    "read_fcs": "cytoproc.fcs",
    "read_spillover_csv": "cytoproc.compensation",
    "read_study": "cytoproc.study.definition",
    "read_template": "cytoproc.templates.reading",
    "run_study": "cytoproc.running",
    "study_of_files": "cytoproc.study.definition",
    "write_fcs": "cytoproc.fcs",
    "write_spillover_csv": "cytoproc.compensation",
}

__all__ = [
    "CytoprocError",
    "__version__",
    "compensate",
    "find_spillover",
    "gate_file",
    "iter_events",
    "manifest_of_files",
    "parse_template",
    "read_dataset",
    "read_fcs",
    "read_spillover_csv",
    "read_study",
    "read_template",
    "run_study",
    "study_of_files",
    "write_fcs",
    "write_spillover_csv",
]


def __getattr__(name: str) -> Any:
    """Return a public name, loading its module when it is first asked for (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        msg = f"module 'cytoproc' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)

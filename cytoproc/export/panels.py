"""The panel matrix: one line for each sample, one column for each marker."""

from __future__ import annotations

from collections.abc import Sequence

from cytoproc.export.table import Table, text_column
from cytoproc.study.preflight import CheckedSample

__all__ = ["panel_table"]

_FIXED = ("sample_id", "file", "template", "code", "flags")


def panel_table(checked: Sequence[CheckedSample]) -> Table:
    """Return the label and channel in which each sample has each marker; empty where a template asks and has not.

    A marker that is called like one of the first columns gets ` (marker)` behind its name.
    """
    markers = list(dict.fromkeys(m for c in checked for m in (*c.wanted, *(f.marker for f in c.markers))))
    titles = [{m.marker: m.title for m in c.markers} for c in checked]
    fixed = (
        [c.sample.sample_id for c in checked],
        [c.sample.file for c in checked],
        [c.kind[0] for c in checked],
        [c.code for c in checked],
        [";".join(dict.fromkeys(f.code for f in c.flags)) for c in checked],
    )
    return Table(
        (
            *(text_column(name, values) for name, values in zip(_FIXED, fixed, strict=True)),
            *(
                text_column(f"{m} (marker)" if m in _FIXED else m, (found.get(m, "") for found in titles))
                for m in markers
            ),
        )
    )

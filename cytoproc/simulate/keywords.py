"""What an instrument writes into a file besides the events."""

from __future__ import annotations

from datetime import timedelta

from cytoproc.model.spillover import Spillover
from cytoproc.simulate.measuring import Measured
from cytoproc.simulate.plan import StudyPlan

__all__ = ["SERIAL", "format_spillover", "keywords_of"]

SERIAL = "SIM0001"
"""The serial number of the simulated cytometer (`$CYTSN`)."""

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")  # in any language


def keywords_of(plan: StudyPlan, measured: Measured) -> dict[str, str]:
    """Return the keywords of a file; nothing in them is a person."""
    measurement, events = measured.measurement, measured.events
    begin = measurement.begins
    end = begin + timedelta(seconds=float(events.column(-1)[-1]) if len(events) else 0.0)
    keywords = {
        "$CYT": "Simulated 3-laser cytometer",
        "$CYTSN": SERIAL,
        "$DATE": f"{begin:%d}-{_MONTHS[begin.month - 1]}-{begin:%Y}",
        "$BTIM": f"{begin:%H:%M:%S}",
        "$ETIM": f"{end:%H:%M:%S}",
        "$FIL": f"{measurement.sample_id}.fcs",
        "$SRC": measurement.specimen_id,
        "$SMNO": measurement.sample_id,
        "$SYS": "cytoproc simulate",
        "$ORIGINALITY": "Original",
        "$SPILLOVER": format_spillover(measured.spillover),
        "EXPERIMENT NAME": plan.name,
        "TUBE NAME": f"{measurement.tube} {measurement.control}".strip(),
        "STORAGE GATE": str(measured.stored_by or "none"),
    }
    return keywords if measured.volume_nl is None else keywords | {"$VOL": str(measured.volume_nl)}


def format_spillover(spillover: Spillover) -> str:
    """Return the matrix as the keyword `$SPILLOVER` has it.

    >>> import numpy as np
    >>> format_spillover(Spillover(("A", "B"), np.array([[1, 0.25], [0, 1]])))
    '2,A,B,1,0.25,0,1'
    """
    numbers = (repr(float(x)).removesuffix(".0") for x in spillover.matrix.ravel())
    return ",".join((str(len(spillover.detectors)), *spillover.detectors, *numbers))

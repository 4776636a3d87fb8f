"""Small files to test with."""

import numpy as np

from cytoproc.fcs import write_fcs
from cytoproc.model.panel import Channel, Panel


def fcs_file(path, columns, *, labels=None, keywords=None):
    """Write columns (a name and its values each) as an FCS file, and return its path.

    `labels` gives the `$PnS` of some of them.
    """
    panel = Panel(tuple(Channel(name, (labels or {}).get(name, "")) for name in columns))
    values = np.column_stack([np.asarray(v, dtype=np.float64) for v in columns.values()])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_fcs(path, (values, panel), keywords=keywords)
    return path

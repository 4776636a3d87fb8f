"""Rows of a result table by hand."""

import math
from dataclasses import fields

from cytoproc.model.paths import split_path
from cytoproc.study.results import ResultRow

_BLANK = {"str": "", "float": math.nan}


def result_row(sample_id="a", population_id="", statistic="", **cells):
    """Return a row in which all that is not given does not apply."""
    blank = {f.name: _BLANK[f.type] for f in fields(ResultRow) if f.name != "own"}
    label = split_path(population_id)[-1] if population_id else ""
    names = {"sample_id": sample_id, "population_id": population_id, "population_label": label, "statistic": statistic}
    return ResultRow(**blank | names | cells)

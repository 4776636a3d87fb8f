"""Spillover: where its matrix is found, whether it can be used, and how it is undone."""

from cytoproc.compensation.checks import check_spillover, require_usable
from cytoproc.compensation.choice import resolve_compensation, why_already_compensated
from cytoproc.compensation.found import FoundSpillover
from cytoproc.compensation.keywords import find_spillover, matrix_keywords, spillover_keywords
from cytoproc.compensation.tables import read_spillover_csv, write_spillover_csv
from cytoproc.compensation.undo import compensate, compensate_column

__all__ = [
    "FoundSpillover",
    "check_spillover",
    "compensate",
    "compensate_column",
    "find_spillover",
    "matrix_keywords",
    "read_spillover_csv",
    "require_usable",
    "resolve_compensation",
    "spillover_keywords",
    "why_already_compensated",
    "write_spillover_csv",
]

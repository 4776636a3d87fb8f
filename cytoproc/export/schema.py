"""The table `results` as a JSON Schema: what a program may expect of a row."""

from __future__ import annotations

import json
from typing import Any

from cytoproc.export.dictionary import MEANINGS, NEVER_EMPTY, STANDARDS, UNITS, VALUES, kind_of
from cytoproc.export.table import Kind
from cytoproc.study.result_row import COLUMNS

__all__ = ["format_schema"]

_TYPES = {Kind.TEXT: "string", Kind.COUNT: "integer", Kind.NUMBER: "number", Kind.PERCENT: "number"}


def format_schema() -> bytes:
    """Return the JSON Schema (draft 2020-12) of a row of `results` as it is in Parquet: a cell that is empty is null.

    The lab's own columns come besides; they are text. `unit` and `standard` are notes of ours, which a validator leaves
    alone.
    """
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A row of cytoproc's table of results",
        "description": "One number of one population of one sample, and all that is needed to judge it.",
        "type": "object",
        "properties": {name: _property(name) for name in COLUMNS},
        "required": list(COLUMNS),
        "additionalProperties": {"type": ["string", "null"]},
    }
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def _property(name: str) -> dict[str, Any]:
    kind, may_be_null = _TYPES[kind_of(name)], name not in NEVER_EMPTY
    notes = {"unit": UNITS.get(name), "standard": STANDARDS.get(name)}
    return {
        "description": MEANINGS[name],
        "type": [kind, "null"] if may_be_null else kind,
        **({"enum": [*VALUES[name], *([None] if may_be_null else [])]} if name in VALUES else {}),
        **{note: said for note, said in notes.items() if said},
    }

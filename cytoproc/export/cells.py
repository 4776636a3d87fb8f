"""One cell of a table as text that no program runs and no terminal obeys."""

from __future__ import annotations

import math
import re
from typing import Any

__all__ = ["clean_text", "format_cell"]

_NUMBER = re.compile(r"[-+]?(\d[\d.,]*([eE][-+]?\d+)?|inf|nan)")
_STARTS_A_FORMULA = tuple("=+-@\t\r＝＋－＠")  # noqa: RUF001 - spreadsheets take the full-width signs too
_CONTROL = {i: f"\\x{i:02x}" for i in (*range(32), 127, *range(128, 160))} | {
    c: f"\\u{c:04x}" for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029)
}


def format_cell(value: Any) -> str:
    r"""Return a cell as text: NaN as nothing, whole numbers without a point, text so that no spreadsheet runs it.

    Control characters and marks that turn the direction of text are written out (`\\x1b`), and text that a
    spreadsheet would take for a formula gets an apostrophe in front.

    >>> format_cell(12.0), format_cell(float("nan")), format_cell("=1+1"), format_cell("-5")
    ('12', '', "'=1+1", '-5')
    """
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if not isinstance(value, str):
        return str(value)
    text = value.translate(_CONTROL)
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) and not _NUMBER.fullmatch(text) else text


def clean_text(text: str) -> str:
    r"""Return text for a screen or a log: lines stay, everything else that could steer a terminal is written out.

    >>> clean_text("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return "\n".join(line.translate(_CONTROL) for line in text.split("\n"))

"""Text that no program runs and no terminal obeys: one cell of a CSV file, one line, one file name."""

from __future__ import annotations

import math
import re
from typing import Any

__all__ = ["clean_text", "format_cell", "one_line", "safe_file_name", "without_apostrophe", "write_out"]

_NUMBER = re.compile(r"[-+]?(\d[\d.,]*([eE][-+]?\d+)?|inf|nan)")
_STARTS_A_FORMULA = tuple("=+-@\t\r＝＋－＠")  # noqa: RUF001 - spreadsheets take the full-width signs too
_KEPT_FROM_RUNNING = tuple(f"'{sign}" for sign in _STARTS_A_FORMULA)
_NOT_IN_FILE_NAMES = re.compile(r"[^\w.+-]+", re.ASCII)
_RESERVED = re.compile(r"(con|nul|prn|aux|com\d|lpt\d|conin\$|conout\$|clock\$)(\.|$)", re.IGNORECASE)
_LONGEST_FILE_NAME = 80
_LONGEST_LINE = 200
_STEERING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029)
_IN_NO_FILE = (*range(0xD800, 0xE000), 0xFFFE, 0xFFFF)  # half characters have no UTF-8, the last two no XML
_CONTROL = {i: f"\\x{i:02x}" for i in (*range(32), 127, *range(128, 160))} | {
    c: f"\\u{c:04x}" for c in (*_STEERING, *_IN_NO_FILE)
}


def write_out(text: str) -> str:
    r"""Return text in which control characters and marks that turn the direction of text are written out.

    So are the few that no file can hold, such as half a character from a file name in another encoding.

    >>> write_out("a\x1b[31mb"), write_out("CD4+ µ")
    ('a\\x1b[31mb', 'CD4+ µ')
    """
    return text.translate(_CONTROL)


def format_cell(value: Any) -> str:
    r"""Return a cell of a CSV file: NaN and None as nothing, whole numbers without a point, text no spreadsheet runs.

    Text is written out as by :func:`write_out`, and what a spreadsheet would take for a formula gets an apostrophe in
    front.

    >>> format_cell(12.0), format_cell(float("nan")), format_cell("=1+1"), format_cell("-5")
    ('12', '', "'=1+1", '-5')
    """
    if value is None:
        return ""
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if not isinstance(value, str):
        return str(value)
    text = write_out(value)
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) and not _NUMBER.fullmatch(text) else text


def clean_text(text: str) -> str:
    r"""Return text for a screen or a log: lines stay, everything else that could steer a terminal is written out.

    >>> clean_text("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return "\n".join(write_out(line) for line in text.split("\n"))


def one_line(text: str, longest: int = _LONGEST_LINE) -> str:
    r"""Return text for one cell of a table on a screen: written out, line ends too, and cut at a length.

    >>> one_line("a\nb"), one_line("x" * 300)[-3:], len(one_line("x" * 300))
    ('a\\x0ab', 'xx…', 200)
    """
    written = write_out(text)
    return written if len(written) <= longest else written[: longest - 1] + "…"


def without_apostrophe(cell: str) -> str:
    """Return a cell's text without the apostrophe that :func:`format_cell` puts in front of what would run.

    >>> [without_apostrophe(cell) for cell in ("'+CAR", "+CAR", "'CAR'", "5'")]
    ['+CAR', '+CAR', "'CAR'", "5'"]
    """
    return cell[1:] if cell.startswith(_KEPT_FROM_RUNNING) else cell


def safe_file_name(text: str) -> str:
    """Return a part of a file name that every system takes: letters, digits, `_ . + -`, and no name of a device.

    Different texts can give the same name; whoever needs to tell them apart adds a digest.

    >>> [safe_file_name(text) for text in ("CAR-T / blood", "../../x", "CON", "nul.csv", ".x. ", "")]
    ['CAR-T_blood', '_.._x', '_CON', '_nul.csv', 'x', '_']
    """
    name = _NOT_IN_FILE_NAMES.sub("_", text)[:_LONGEST_FILE_NAME].rstrip("._ ").lstrip(".-")
    if not name:
        return "_"
    return f"_{name}" if _RESERVED.match(name) or not (name[0].isalnum() or name[0] == "_") else name

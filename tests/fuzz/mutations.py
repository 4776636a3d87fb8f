"""Ways to break a file, each a function of a random generator and the file's bytes."""

import re

_KEYWORD = re.compile(rb"(?<=[/\f])(\$?[A-Z0-9]{2,14})[/\f]([^/\f]*)[/\f]")
_ODD_NUMBERS = (
    *("0", "1", "-1", "2", "7", "8", "15", "16", "24", "33", "64", "65", "255", "9999", "65536", "1e9", "1.5", "+7"),
    *(str(n + d) for n in (2**31, 2**32, 2**53, 2**63, 2**64) for d in (-1, 0, 1)),
    *("9" * 30, "9" * 400, "NaN", "inf", "", " ", "  7", "7  ", "0x10", "1,5", "٣", "½", "\0", "7\0", "-0", "00000007"),
)
_ODD_TEXTS = (
    *("", " ", "\0", "F", "D", "I", "A", "L", "C", "H", "U", "f", "1,2,3,4", "4,3,2,1", "1,2", "2,1", "3,4,1,2"),
)
_ODD_TEXTS += (
    "1,1,1,1",
    "0,0",
    "4,0",
    "4,1",
    "1,0",
    "nan,nan",
    "\x1b[2J",
    "=1+1",
    "µ",
    "A" * 5000,
    "1,A,1",
    "$TOT",
    "//",
)
_NAMES = ("$PAR", "$TOT", "$BYTEORD", "$DATATYPE", "$MODE", "$NEXTDATA", "$BEGINDATA", "$ENDDATA", "$BEGINSTEXT")
_NAMES += (
    "$ENDSTEXT",
    "$BEGINANALYSIS",
    "$ENDANALYSIS",
    "$P1B",
    "$P2B",
    "$P1R",
    "$P1E",
    "$P1N",
    "$P2N",
    "$P1G",
    "$SPILLOVER",
)


def _pick(rng, things):
    return things[int(rng.integers(len(things)))]


def _place(rng, raw):
    """A place in the file; half of the time in HEADER and TEXT, where a byte decides more."""
    end = min(len(raw), 900) if rng.random() < 0.5 else len(raw)
    return int(rng.integers(max(end, 1)))


def _number(rng, raw):
    """A number that is odd in itself, or near one that means something in this file."""
    near = (len(raw), len(raw) - 1, len(raw) // 2, 58, 57, 256, *(int(n) for n in re.findall(rb"\d{1,9}", raw[:58])))
    if rng.random() < 0.5:
        return str(_pick(rng, near) + int(rng.integers(-2, 3)))
    return _pick(rng, _ODD_NUMBERS)


def flip_bits(rng, raw):
    broken = bytearray(raw)
    for _ in range(int(rng.integers(1, 9)) if raw else 0):
        broken[_place(rng, raw)] ^= 1 << int(rng.integers(8))
    return bytes(broken)


def change_header(rng, raw):
    field = 10 + 8 * int(rng.integers(6))
    number = _number(rng, raw).encode()[:8]
    return raw[:field] + (number.rjust(8) if rng.random() < 0.8 else number.ljust(8)) + raw[field + 8 :]


def change_value(rng, raw):
    """Give a keyword another value, of the same length if it fits, else moving all that follows."""
    found = list(_KEYWORD.finditer(raw[:20_000]))
    if not found:
        return raw
    match = _pick(rng, found)
    value = (_number(rng, raw) if rng.random() < 0.6 else _pick(rng, _ODD_TEXTS)).encode()
    if len(value) <= len(match[2]) and rng.random() < 0.7:
        value = value.rjust(len(match[2]), b"0" if value.isdigit() and rng.random() < 0.5 else b" ")
    return raw[: match.start(2)] + value + raw[match.end(2) :]


def change_name(rng, raw):
    found = list(_KEYWORD.finditer(raw[:20_000]))
    if not found:
        return raw
    match = _pick(rng, found)
    return raw[: match.start(1)] + _pick(rng, _NAMES).encode() + raw[match.end(1) :]


def drop_keyword(rng, raw):
    """Take a keyword out, and fill its place with another that nobody knows, so that all else stays where it is."""
    found = list(_KEYWORD.finditer(raw[:20_000]))
    if not found:
        return raw
    match = _pick(rng, found)
    return raw[: match.start(1)] + b"X" * len(match[1]) + raw[match.end(1) :]


def truncate(rng, raw):
    return raw[: _place(rng, raw)]


def insert(rng, raw):
    at, n = _place(rng, raw), int(rng.integers(1, 200))
    what = _pick(rng, (rng.bytes(n), b"\0" * n, b"/" * n, b"FCS3.1    ", b"$TOT/999999/"))
    return raw[:at] + what + raw[at:]


def delete(rng, raw):
    at = _place(rng, raw)
    return raw[:at] + raw[at + int(rng.integers(1, 200)) :]


def overwrite(rng, raw):
    at, n = _place(rng, raw), int(rng.integers(1, 100))
    return raw[:at] + _pick(rng, (b"\0", b"\xff", b" ", b"/", b"9")) * min(n, len(raw) - at) + raw[at + n :]


def swap(rng, raw):
    a, b = sorted((_place(rng, raw), _place(rng, raw)))
    n = min(int(rng.integers(1, 100)), b - a, len(raw) - b)
    return raw[:a] + raw[b : b + n] + raw[a + n : b] + raw[a : a + n] + raw[b + n :]


def repeat(rng, raw):
    return raw + raw[_place(rng, raw) :]


def other_delimiter(rng, raw):
    return raw[:58] + bytes([int(rng.integers(256))]) + raw[59:]


MUTATIONS = (
    flip_bits,
    change_header,
    change_header,
    change_value,
    change_value,
    change_value,
    change_name,
    drop_keyword,
    truncate,
    insert,
    delete,
    overwrite,
    swap,
    repeat,
    other_delimiter,
)


def break_file(rng, raw):
    """Return a file with one to three things wrong, and the names of what was done."""
    deeds = [_pick(rng, MUTATIONS) for _ in range(int(rng.integers(1, 4)))]
    for deed in deeds:
        raw = deed(rng, raw)
    return raw, [deed.__name__ for deed in deeds]

"""What the bytes of a file allow, found without the reader: sizes, offsets, and plain values.

Written from the FCS 3.1 standard, on purpose as simple as can be. Where a file is too odd for it, it says nothing but
that no reading can hold more than the file does.
"""

import re
from itertools import pairwise

import numpy as np

_HEADER = 58


def complaints(raw, reading):
    """Return what is impossible about a reading of these bytes.

    `reading` has `offset`, `row_bytes`, `n_events`, `n_channels`, `n_datasets`, and `values` (events, channels).
    """
    said = []
    n_bytes = reading["n_events"] * reading["row_bytes"]
    if reading["values"].shape != (reading["n_events"], reading["n_channels"]):
        said.append(f"values have shape {reading['values'].shape}")
    if n_bytes and (reading["offset"] < _HEADER or reading["offset"] + n_bytes > len(raw)):
        said.append(f"DATA at {reading['offset']} and {n_bytes} bytes, in a file of {len(raw)}")
    keywords = plain_keywords(raw)
    if reading["n_datasets"] == 1 and keywords is not None and not said:
        said += _against_keywords(raw, keywords, reading)
    return said


def plain_keywords(raw):
    """Return the keywords, or None where TEXT takes more than cutting it at its delimiter."""
    begin, end = _field(raw, 0), _field(raw, 1)
    if begin is None or end is None or not _HEADER <= begin < end < len(raw):
        return None
    text = raw[begin : end + 1]
    delimiter = text[:1]
    if text.endswith(delimiter * 2) or delimiter * 2 in text or not text.endswith(delimiter):
        return None
    parts = text[1:-1].split(delimiter)
    if len(parts) % 2:
        return None
    names = [p.decode("latin-1").strip().upper() for p in parts[::2]]
    if len(set(names)) != len(names):
        return None
    return dict(zip(names, (p.decode("latin-1").strip() for p in parts[1::2]), strict=True))


def _field(raw, i):
    text = raw[10 + 8 * i : 18 + 8 * i].strip()
    return int(text) if text.isdigit() else None


def _whole(keywords, name):
    text = keywords.get(name, "")
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None


def _against_keywords(raw, keywords, reading):
    """Compare a reading with what the keywords plainly say; nothing is said of what they do not."""
    n_channels, total = _whole(keywords, "$PAR"), _whole(keywords, "$TOT")
    if n_channels is not None and n_channels > reading["n_channels"]:
        yield f"$PAR is {n_channels}, and {reading['n_channels']} channels were read"
    if total is not None and total != reading["n_events"]:
        yield f"$TOT is {total}, and {reading['n_events']} events were read"
    begins = {_field(raw, 2), _whole(keywords, "$BEGINDATA")} - {None}
    if reading["n_events"] and begins and reading["offset"] not in begins:
        yield f"DATA begins at {sorted(begins)} by HEADER and keywords, and was read from {reading['offset']}"
    values = _plain_values(raw, keywords, reading)
    if values is not None and not np.array_equal(values, reading["values"], equal_nan=True):
        yield "values differ from those at that place"


def _plain_values(raw, keywords, reading):
    """Return the values at the place that was read, of a layout with one width; None of any other."""
    kind = keywords.get("$DATATYPE", "")
    order = [int(n) for n in keywords.get("$BYTEORD", "").split(",") if n.strip().isdigit()]
    steps = {b - a for a, b in pairwise(order)}
    widths = {_whole(keywords, f"$P{n}B") for n in range(1, reading["n_channels"] + 1)}
    if len(widths) != 1 or steps not in ({1}, {-1}) or kind not in {"I", "F", "D"}:
        return None
    bits = widths.pop()
    if bits not in {8, 16, 32, 64} or (kind, bits) in {("F", 64), ("D", 32), ("F", 8), ("F", 16), ("D", 8), ("D", 16)}:
        return None
    dtype = np.dtype(f"{'<' if steps == {1} else '>'}{'u' if kind == 'I' else 'f'}{bits // 8}")
    n = reading["n_events"] * reading["n_channels"]
    if n * dtype.itemsize != reading["n_events"] * reading["row_bytes"]:
        return None
    values = np.frombuffer(raw, dtype, n, reading["offset"]) if n else np.empty(0)
    values = values.reshape(reading["n_events"], reading["n_channels"])
    if kind == "I":
        tops = [_whole(keywords, f"$P{j}R") for j in range(1, reading["n_channels"] + 1)]
        if any(not top or top > 2**bits for top in tops):
            return None
        masks = np.array([(1 << (top - 1).bit_length()) - 1 for top in tops], np.uint64)
        values = values.astype(np.uint64) & masks
    return values.astype(reading["values"].dtype)

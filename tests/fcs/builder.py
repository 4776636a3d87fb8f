"""FCS files made of parts, lawful unless a test says otherwise."""

import numpy as np

DIGITS = 8


def values(n_events=7, n_channels=3):
    """Numbers that differ everywhere, exact as float32."""
    return np.arange(1, n_events * n_channels + 1, dtype=np.float64).reshape(n_events, n_channels) * 0.5


def text_bytes(pairs, delimiter="/", encoding="utf-8"):
    """TEXT of keywords and values; delimiters in values are doubled."""
    d = delimiter
    return (d + "".join(f"{k}{d}{v.replace(d, d + d)}{d}" for k, v in pairs.items())).encode(encoding)


def channel_keywords(names, bits=32, top=262144):
    """`$PnN`, `$PnB`, `$PnR`, `$PnE` of channels; `bits` and `top` may be one for all or one a channel."""
    n_channels = len(names)
    bits = bits if isinstance(bits, list) else [bits] * n_channels
    top = top if isinstance(top, list) else [top] * n_channels
    keywords = {}
    for n, (name, b, r) in enumerate(zip(names, bits, top, strict=True), start=1):
        keywords |= {f"$P{n}N": name, f"$P{n}B": str(b), f"$P{n}R": str(r), f"$P{n}E": "0,0"}
    return keywords


def fcs_bytes(
    data=None,
    *,
    names=("FSC-A", "SSC-A", "Time"),
    version="FCS3.1",
    bits=32,
    top=262144,
    kind="F",
    order="1,2,3,4",
    n_events=7,
    keywords=None,
    drop=(),
    delimiter="/",
    encoding="utf-8",
    text_data=(0, 0),
    header_data=(0, 0),
    header_text=(0, 0),
    header=None,
    text_tail=b"",
    gap=b"",
    stext=b"",
    analysis=b"",
    trailing=b"00000000",
):
    """Return the bytes of a file.

    `keywords` replace or add, `drop` removes. `text_data`, `header_data` and `header_text` move the offsets of DATA in
    TEXT and HEADER, and of TEXT in HEADER, by so many bytes; `header` gives fields of the HEADER as text, by number.
    `text_tail` replaces the last delimiter of TEXT, `gap` lies between TEXT and what follows.
    """
    data = values().astype("<f4").tobytes() if data is None else data
    pairs = {
        "$BEGINANALYSIS": "0",
        "$ENDANALYSIS": "0",
        "$BEGINSTEXT": "0",
        "$ENDSTEXT": "0",
        "$BEGINDATA": "0" * DIGITS,
        "$ENDDATA": "0" * DIGITS,
        "$BYTEORD": order,
        "$DATATYPE": kind,
        "$MODE": "L",
        "$NEXTDATA": "0",
        "$PAR": str(len(names)),
        "$TOT": str(n_events),
        **channel_keywords(names, bits, top),
        **(keywords or {}),
    }
    if stext:
        pairs |= {"$BEGINSTEXT": "0" * DIGITS, "$ENDSTEXT": "0" * DIGITS}
    pairs = {k: v for k, v in pairs.items() if k not in drop}

    def text():
        raw = text_bytes(pairs, delimiter, encoding)
        return raw[:-1] + text_tail if text_tail else raw

    text_begin = 58
    text_end = text_begin + len(text()) - 1
    stext_begin = text_end + 1 + len(gap)
    begin = stext_begin + len(stext)
    end = begin + len(data) - 1
    places = {"$BEGINDATA": begin + text_data[0], "$ENDDATA": end + text_data[1]}
    if stext:
        places |= {"$BEGINSTEXT": stext_begin, "$ENDSTEXT": begin - 1}
    for name, place in places.items():
        if name in pairs and name not in (keywords or {}):
            pairs[name] = f"{place:0{DIGITS}d}"
    fields = [text_begin + header_text[0], text_end + header_text[1], begin + header_data[0], end + header_data[1]]
    fields += [end + 1, end + len(analysis)] if analysis else [0, 0]
    shown = [f"{field:8d}" for field in fields]
    for n, field in (header or {}).items():
        shown[n] = f"{field:>8}"
    head = f"{version}    {''.join(shown)}".encode()
    return head + text() + gap + stext + data + analysis + trailing


def two(first, second):
    """Two data sets in one file, the second a little behind the first."""
    start = len(fcs_bytes(**first, keywords={"$NEXTDATA": "00000000"})) + 11
    return fcs_bytes(**first, keywords={"$NEXTDATA": f"{start:08d}"}) + b" " * 11 + fcs_bytes(**second)

"""Which keywords of a file may leave it.

An FCS file tells more than how it was measured: the operator, the patient, the computer, in standard keywords (`$OP`,
`$SRC`, `$INST`, `$COM`) and in those of makers and labs, under any name. So what may be shown is listed, and all else
stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["ALLOWED_KEYWORDS", "allowed_keywords"]

ALLOWED_KEYWORDS = (
    "$CYT",
    "$CYTSN",
    "$DATE",
    "$BTIM",
    "$ETIM",
    "$BEGINDATETIME",
    "$ENDDATETIME",
    "$TIMESTEP",
    "$VOL",
    "$FLOWRATE",
    "$ABRT",
    "$LOST",
    "$DATATYPE",
    "$BYTEORD",
    "$MODE",
)
"""Keywords that tell of the instrument and of the acquisition, and of nobody."""


def allowed_keywords(keywords: Mapping[str, str], also: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """Return the keywords of a file that may be shown, in the order of the list: name and value.

    Parameters
    ----------
    keywords
        Of a file, upper case.
    also
        Those that a lab allows besides.

    Examples
    --------
    >>> allowed_keywords({"$OP": "J. Roe", "$CYT": "Analyser", "TUBE NAME": "B"}, also=["Tube Name"])
    (('$CYT', 'Analyser'), ('TUBE NAME', 'B'))
    """
    names = dict.fromkeys((*ALLOWED_KEYWORDS, *(name.strip().upper() for name in also)))
    return tuple((name, keywords[name]) for name in names if name in keywords)

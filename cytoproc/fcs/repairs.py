"""The codes of everything the reader finds: why it refuses, what it repairs, what it only mentions.

Each code has a paragraph in `docs/fcs-repairs.md`. Codes are stable: result tables and scripts carry them.
"""

from __future__ import annotations

from typing import NoReturn

from cytoproc.errors import FCSError
from cytoproc.model.results import Repair

__all__ = ["NOTICES", "REFUSALS", "REPAIRS", "Findings"]

REFUSALS = {
    "FCS_CANNOT_OPEN": "the file cannot be opened",
    "FCS_NOT_FCS": "the file does not begin as an FCS file",
    "FCS_VERSION": "a version of FCS that is not read",
    "FCS_HEADER": "the HEADER does not say where TEXT is",
    "FCS_TRUNCATED": "the file ends before its data do",
    "FCS_TEXT": "TEXT is no list of keywords and values",
    "FCS_TEXT_CUT": "TEXT goes on outside its own limits",
    "FCS_TEXT_SHIFTED": "a keyword stands where a value should",
    "FCS_KEYWORD_MISSING": "a required keyword is missing",
    "FCS_KEYWORD_CONTRADICTS": "a keyword is given twice, with values that cannot both hold",
    "FCS_NUMBER": "a number is not a number",
    "FCS_MODE": "the file holds histograms, not events",
    "FCS_DATATYPE": "a type of data that is not read",
    "FCS_BYTE_ORDER": "an order of bytes that is not read",
    "FCS_WIDTH": "a width that does not fit the type of data",
    "FCS_RANGE": "the range of an integer channel is no range",
    "FCS_AMPLIFIER": "a logarithmic amplifier that makes no sense",
    "FCS_GAIN": "a gain that is no positive number",
    "FCS_DATA_OFFSETS": "the place of DATA is missing or impossible",
    "FCS_OFFSETS_CONTRADICT": "HEADER and TEXT disagree on DATA, and nothing decides",
    "FCS_SEGMENTS_OVERLAP": "DATA lies on top of another segment",
    "FCS_TOT_MISMATCH": "DATA does not hold the events that $TOT counts",
    "FCS_INTEGER_TOO_LARGE": "an integer that float64 cannot hold",
    "FCS_NEXTDATA": "the chain of data sets is broken",
    "FCS_NO_SUCH_DATASET": "the file has no such data set",
    "FCS_CHANGED": "the file changed while it was read",
    "FCS_CANNOT_WRITE": "FCS cannot hold what should be written",
}

REPAIRS = {
    "FCS_HEADER_SPACES": "bytes 6 to 9 of the HEADER are not blank",
    "FCS_TEXT_END": "TEXT does not end with its delimiter",
    "FCS_EMPTY_VALUE": "keywords without a value",
    "FCS_KEYWORD_SPACES": "keywords with white space around them",
    "FCS_KEYWORD_TWICE": "a keyword is given twice",
    "FCS_LATIN1": "TEXT is not UTF-8",
    "FCS_NUL": "TEXT holds NUL characters",
    "FCS_SUPPLEMENTAL_TEXT": "the supplemental TEXT cannot be read",
    "FCS_ANALYSIS": "the ANALYSIS segment cannot be read",
    "FCS_NEXTDATA_MISSING": "$NEXTDATA is missing or blank",
    "FCS_NEXTDATA_NOWHERE": "$NEXTDATA points at no data set",
    "FCS_DATA_OFFSETS_MISSING": "TEXT does not say where DATA is",
    "FCS_OFFSETS_DISAGREE": "HEADER and TEXT disagree on DATA",
    "FCS_DATA_END": "the end of DATA is one byte too far",
    "FCS_TOT_MISSING": "$TOT is missing",
    "FCS_PAR_SHORT": "TEXT describes more channels than $PAR counts",
    "FCS_BYTE_ORDER_ODD": "$BYTEORD is written in an unusual way",
    "FCS_AMPLIFIER_MISSING": "$PnE is missing on floating-point data",
    "FCS_AMPLIFIER_IGNORED": "a logarithmic amplifier on floating-point data",
    "FCS_AMPLIFIER_OFFSET": "the offset of an amplifier contradicts its decades",
    "FCS_GAIN_ON_LOG": "a gain on a logarithmic channel",
    "FCS_GAIN_ZERO": "a gain of zero, or a blank one",
    "FCS_TIME_GAIN": "a gain on the time channel",
    "FCS_TIMESTEP": "$TIMESTEP is no positive number",
    "FCS_RANGE_ZERO": "the range of an integer channel is 0",
    "FCS_RANGE_DECIMAL": "the range of an integer channel is written as a decimal",
    "FCS_RANGE_TOO_LARGE": "the range of an integer channel exceeds its bits",
    "FCS_RANGE_UNKNOWN": "the range of a floating-point channel is no number",
    "FCS_NAME_COMMA": "a channel's name holds a comma",
    "FCS_NAME_TWICE": "two channels have one name",
}

NOTICES = {
    "FCS_SEVERAL_DATASETS": "the file holds several data sets",
    "FCS_NO_EVENTS": "the file holds no events",
    "FCS_TRAILING_BYTES": "bytes after the last segment",
    "FCS_SPILLOVER_TWICE": "two spillover keywords that differ",
}

_TODO = {
    "FCS_CANNOT_WRITE": "Change it and write again.",
    "FCS_CANNOT_OPEN": "Check the name, and your right to read it.",
    "FCS_CHANGED": "Read it again once nobody writes to it.",
    "FCS_DATATYPE": "Export the file as floating point.",
    "FCS_MODE": "Export the events themselves.",
    "FCS_NOT_FCS": "Is it an FCS file?",
    "FCS_NO_SUCH_DATASET": "Ask for one that is there.",
    "FCS_TRUNCATED": "Copy the file again.",
    "FCS_VERSION": "Export the file in one of these.",
    "FCS_WIDTH": "Export the file as floating point.",
}
_MOST_NAMED = 6


class Findings:
    """What has been found in one data set so far. `place` names the file, and the data set where there are several."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.repairs: list[Repair] = []

    def refuse(self, code: str, text: str) -> NoReturn:
        """Raise the error of this code. `text` says what is there and what was expected; the code, what to do."""
        message = f"{self.place}: {text} {_TODO.get(code, 'Export the file again.')}"
        raise FCSError(message, code=code)

    def repair(self, code: str, text: str) -> None:
        """Note that something was put right, or only seen."""
        self.repairs.append(Repair(code, f"{self.place}: {text}"))

    def repair_all(self, code: str, seen: list[str], text: str) -> None:
        """Note one repair for all the places `seen`, if there are any."""
        if seen:
            more = f" and {len(seen) - _MOST_NAMED} more" if len(seen) > _MOST_NAMED else ""
            self.repair(code, f"{', '.join(seen[:_MOST_NAMED])}{more}: {text}")

    def refuse_repairs(self) -> None:
        """Raise the first repair as an error, and name the codes of the others. Notices are no repairs."""
        wrong = [r for r in self.repairs if r.code in REPAIRS]
        if wrong:
            others = sorted({r.code for r in wrong[1:]})
            also = f" (also {', '.join(others)})" if others else ""
            message = f"{wrong[0].message} Refused because the reader is strict{also}."
            raise FCSError(message, code=wrong[0].code)

"""What cytoproc raises, and when.

::

    CytoprocError
    ├── FCSError            (ValueError)   a file is not a readable FCS file
    ├── PanelError          (LookupError)  a channel or marker cannot be found in a file
    │   ├── MissingMarkerError             ... nothing of that name is there
    │   └── AmbiguousMarkerError           ... several things have that name
    ├── CompensationError   (ValueError)   a spillover matrix is unusable, or events are at the wrong stage
    ├── ScaleError          (ValueError)   the parameters of a scale make no monotone scale
    ├── GateError           (ValueError)   a shape has no inside, or does not fit its dimensions
    ├── DocumentError       (ValueError)   a template, study or manifest is wrong; lists every problem
    │   ├── TemplateError
    │   ├── StudyError
    │   ├── ManifestError
    │   └── XMLError
    ├── UsageError          (ValueError)   a command or function is asked for something impossible
    ├── SecondReaderError   (RuntimeError) another program does not read a file, or is not the one that was expected
    └── OutputError         (OSError)      a result cannot be written where it should be

Data that are merely odd raise nothing: they become a :class:`~cytoproc.model.results.QCFlag`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = [
    "AmbiguousMarkerError",
    "CompensationError",
    "CytoprocError",
    "DocumentError",
    "FCSError",
    "GateError",
    "ManifestError",
    "MissingMarkerError",
    "OutputError",
    "PanelError",
    "Problem",
    "ScaleError",
    "SecondReaderError",
    "StudyError",
    "TemplateError",
    "UsageError",
    "XMLError",
]

_WORKBOOKS = (".xlsx", ".xlsm")


class CytoprocError(Exception):
    """Anything cytoproc refuses to do, with a message that says what to do about it.

    `code` is stable and short; it is what result tables and `--json` carry.
    """

    code = "ERROR"


class CodedError(CytoprocError):
    """An error whose code is chosen where it is raised, because one class covers many findings."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the code on the way between processes."""
        return (_restore, (type(self), str(self), self.code))


def _restore(kind: type[CodedError], message: str, code: str) -> CodedError:
    return kind(message, code=code)


class FCSError(CodedError, ValueError):
    """A file is not an FCS file, or is one that cannot be read without guessing."""

    code = "FCS_UNREADABLE"


class PanelError(CytoprocError, LookupError):
    """A channel or marker cannot be found in a file."""

    code = "PANEL"
    __str__ = Exception.__str__


class MissingMarkerError(PanelError):
    """No channel of the file carries the marker, under any of its names."""

    code = "PANEL_MISSING_MARKER"


class AmbiguousMarkerError(PanelError):
    """Several channels of the file carry the marker, so none can be chosen."""

    code = "PANEL_AMBIGUOUS_MARKER"


class CompensationError(CodedError, ValueError):
    """A spillover matrix is unusable, or the events are not at the stage it applies to."""

    code = "COMPENSATION"


class ScaleError(CytoprocError, ValueError):
    """The parameters of a scale do not make a monotone scale."""

    code = "SCALE"


class GateError(CytoprocError, ValueError):
    """A shape has no inside, or does not fit its dimensions."""

    code = "GATE"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a document, and where.

    `where` is the place in words of the document (`populations[3].polygon`); `line` and `column` count from 1 and are 0
    where the document has none (a missing key has the line of what should hold it).
    """

    message: str
    where: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """`12:5 populations[3]: message`, without the parts that are not known."""
        return self._told(f"{self.line}:{self.column} " if self.line else "")

    def in_document(self, document: str) -> str:
        """Return the problem with its place as those who have the document open see it: `C5` in an Excel workbook.

        >>> problem = Problem("expected a number", "day", line=5, column=28)
        >>> problem.in_document("manifest.csv"), problem.in_document("manifest.xlsx")
        ('manifest.csv:5:28 day: expected a number', 'manifest.xlsx:AB5 day: expected a number')
        """
        if not self.line:
            return str(self)
        if document.lower().endswith(_WORKBOOKS):
            return self._told(f"{document}:{cell_name(self.line, self.column)} ")
        return f"{document}:{self}"

    def _told(self, place: str) -> str:
        return f"{place}{self.where}: {self.message}" if self.where else f"{place}{self.message}"


def cell_name(row: int, column: int) -> str:
    """Return what a spreadsheet calls a cell; row and column count from 1.

    >>> cell_name(5, 3), cell_name(1, 26), cell_name(1, 27), cell_name(1, 703)
    ('C5', 'Z1', 'AA1', 'AAA1')
    """
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


class DocumentError(CytoprocError, ValueError):
    """A document is wrong. All its problems are listed, each with its place."""

    code = "DOCUMENT"

    def __init__(self, document: str, problems: Iterable[Problem]) -> None:
        self.document = document
        self.problems = tuple(problems)
        lines = [
            f"{document}: {len(self.problems)} problem(s)",
            *(f"  {p.in_document(document)}" for p in self.problems),
        ]
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from the arguments, not from the message."""
        return (type(self), (self.document, self.problems))


class TemplateError(DocumentError):
    """A gating template is wrong."""

    code = "TEMPLATE"


class StudyError(DocumentError):
    """A study file is wrong."""

    code = "STUDY"


class ManifestError(DocumentError):
    """A manifest is wrong."""

    code = "MANIFEST"


class XMLError(DocumentError):
    """A document is not XML, or holds what is never read from XML."""

    code = "XML"


class UsageError(CytoprocError, ValueError):
    """A command or function is asked for something that cannot be done."""

    code = "USAGE"


class SecondReaderError(CytoprocError, RuntimeError):
    """Another program does not read a file, or is not the one that its adapter was written for."""

    code = "SECOND_READER"


class OutputError(CytoprocError, OSError):
    """A result cannot be written where it should be."""

    code = "OUTPUT"

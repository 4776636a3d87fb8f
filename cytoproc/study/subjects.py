"""What a study knows of its subjects: the site, when they were infused, sex and age."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cytoproc.errors import Problem, StudyError
from cytoproc.study.days import age_in_years
from cytoproc.study.manifest import Sample
from cytoproc.study.sheet import check_columns, finite_number, read_sheet

__all__ = ["Subject", "Subjects", "read_subjects"]

COLUMNS = ("subject_id", "site_id", "infused_at", "sex", "birth_date", "age_years")
_OLDEST_YEARS = 130


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject as the file says; empty text and NaN where it does not."""

    subject_id: str
    site_id: str = ""
    infused_at: str = ""
    sex: str = ""
    birth_date: str = ""
    age_years: float = math.nan

    def age_at(self, when: str) -> float:
        """Return the age in years at a date: by the date of birth, or as the file gives it; NaN if not known."""
        return age_in_years(self.birth_date, when) if self.birth_date else self.age_years


@dataclass(frozen=True, slots=True)
class Subjects:
    """All subjects of a file by their ids, and the file's SHA-256."""

    by_id: Mapping[str, Subject] = field(default_factory=dict)
    digest: str = ""

    def get(self, subject_id: str) -> Subject:
        """Return a subject; one of whom nothing is known where the file has none of that id."""
        return self.by_id.get(subject_id) or Subject(subject_id)


def read_subjects(path: Path, samples: Sequence[Sample]) -> Subjects:
    """Return the subjects of a CSV file; only `subject_id` must be there, and columns of other names are left alone.

    A name that is nearly one of ours is refused, for it would be left alone unseen. The file may hold more subjects
    than the manifest; whoever is in the manifest must be in it. Controls are asked for nobody.

    Raises
    ------
    StudyError
        Listing every problem with its line and column.
    """
    rows, problems = read_sheet(path, "subjects file", key="subject_id")
    if not problems:
        problems = list(check_columns(rows[0][1], COLUMNS, needed=("subject_id",)))
    if problems:
        raise StudyError(str(path), problems)
    header = rows[0][1]
    subjects: dict[str, Subject] = {}
    lines: dict[str, int] = {}
    for line, cells in rows[1:]:
        row = dict(zip(header, cells, strict=False))
        found = list(_wrong_in(row, cells, header))
        if not found and (first := lines.setdefault(row["subject_id"], line)) != line:
            found = [("subject_id", f"subject {row['subject_id']!r} is there already, in line {first}")]
        for column, message in found:
            place = header.index(column) + 1 if column in header else 1
            problems.append(Problem(message, column, line, place))
        if not found:
            text = {name: row.get(name, "") for name in COLUMNS[:-1]}
            subjects[row["subject_id"]] = Subject(**text, age_years=finite_number(row.get("age_years", "")))
    problems += _missing(subjects, lines, samples)
    problems += _born_later(subjects, lines, samples)
    if problems:
        raise StudyError(str(path), problems)
    return Subjects(subjects, hashlib.sha256(path.read_bytes()).hexdigest())


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        return False
    return len(text) == len("2024-01-31")


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return text.isascii()


_CELLS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "infused_at": (_is_time, "a date, or date and time, as in 2024-01-31 or 2024-01-31T09:30"),
    "sex": (("F", "M").__contains__, "F or M"),
    "birth_date": (_is_date, "a date as in 1984-01-31"),
    "age_years": (lambda text: 0 <= finite_number(text) <= _OLDEST_YEARS, f"years from 0 to {_OLDEST_YEARS}"),
}


def _wrong_in(row: Mapping[str, str], cells: Sequence[str], header: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a row, each with its column."""
    if len(cells) != len(header):
        yield (
            "",
            f"the row has {len(cells)} cells, the header {len(header)}; is a cell with a comma missing its quotes?",
        )
        return
    if not row["subject_id"]:
        yield "subject_id", "the row has no subject_id"
    for column, (accepts, expected) in _CELLS.items():
        if (text := row.get(column, "")) and not accepts(text):
            yield column, f"expected {expected}, found {text!r}"
    if row.get("birth_date") and row.get("age_years"):
        yield "age_years", "the row has a birth_date too; write one of them"


def _missing(subjects: Mapping[str, Subject], lines: Mapping[str, int], samples: Sequence[Sample]) -> Iterator[Problem]:
    """Yield each subject that the manifest has and the file has not."""
    places: dict[str, str] = {}
    for sample in samples:
        if (name := sample.get("subject_id")) and not sample.get("control") and name not in {*subjects, *lines}:
            places.setdefault(name, sample.place)
    for name, place in places.items():
        yield Problem(f"there is no row for subject {name!r}, who is in {place}", "subject_id")


def _born_later(
    subjects: Mapping[str, Subject], lines: Mapping[str, int], samples: Sequence[Sample]
) -> Iterator[Problem]:
    """Yield each subject of whom a specimen was taken before the date of birth."""
    told = set()
    for sample in samples:
        subject, when = subjects.get(sample.get("subject_id")), sample.get("collected_at")
        if subject and subject.age_at(when) < 0 and subject.subject_id not in told:
            told.add(subject.subject_id)
            message = f"subject {subject.subject_id!r} was born after {when}, when {sample.place} was collected"
            yield Problem(message, "birth_date", lines[subject.subject_id])

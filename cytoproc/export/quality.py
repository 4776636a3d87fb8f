"""What was found about each sample, one finding a line: the workbook's sheet `QC`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cytoproc.export.advice import ADVICE
from cytoproc.export.table import Table, text_column
from cytoproc.model.results import SampleResult, Severity
from cytoproc.study.definition import Study

__all__ = ["quality_table"]

_HEADER = ("sample_id", "subject_id", "visit", "tube_id", "severity", "code", "what was found", "what to do")
_NOTHING = ("pass", "", "nothing found", "")


def quality_table(results: Sequence[SampleResult], study: Study) -> Table:
    """Return one line a sample and finding: an error, a flag, or a repair; a sample without any has one line too."""
    samples = {s.sample_id: s for s in study.manifest.samples}
    lines = []
    for result in results:
        sample = samples[result.sample_id]
        whose = (result.sample_id, *(sample.get(name) for name in ("subject_id", "visit", "tube")))
        lines += [(*whose, *found) for found in list(_found(result)) or [_NOTHING]]
    cells = list(zip(*lines, strict=True)) if lines else [()] * len(_HEADER)
    named = zip(_HEADER, cells, strict=True)
    return Table(tuple(text_column(name, each, is_prose=name.startswith("what")) for name, each in named))


def _found(result: SampleResult) -> Iterator[tuple[str, str, str, str]]:
    """Yield severity, code, message and what to do, the gravest first."""
    if result.error_code:
        error = "; ".join(map(str.strip, result.error.splitlines()))
        yield Severity.FAIL.value, result.error_code, error, ADVICE.get(result.error_code, "")
    for severity in (Severity.FAIL, Severity.WARN, Severity.INFO):
        for flag in result.flags:
            if flag.severity is severity:
                yield severity.value, flag.code, flag.message, ADVICE.get(flag.code, "")
    for repair in result.repairs:
        yield "repaired", repair.code, repair.message, ADVICE.get(repair.code, "")

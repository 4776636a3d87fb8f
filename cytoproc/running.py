"""One run, from a study to its folder: the one place that knows all the rooms it goes through."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
import os
import platform
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cytoproc.errors import OutputError
from cytoproc.export.checks import check_table
from cytoproc.export.delimited import format_csv
from cytoproc.export.dictionary import dictionary_table
from cytoproc.export.methods import methods_table
from cytoproc.export.quality import quality_table
from cytoproc.export.schema import format_schema
from cytoproc.export.tables import long_table, sample_table, summary_table, wide_table
from cytoproc.model.results import SampleResult
from cytoproc.model.text import clean_text
from cytoproc.study.batch import Batch, process_batch
from cytoproc.study.definition import Study, describe
from cytoproc.study.executors import Workers
from cytoproc.study.findings import Findings, find_out
from cytoproc.study.folder import SAMPLES, TEMPLATES, clear_run_folder, hold_run_folder, template_file
from cytoproc.study.manifest import Sample
from cytoproc.study.pooling import pool
from cytoproc.study.processing import SampleTask, flag_duplicates
from cytoproc.study.results import ResultRow, tabulate
from cytoproc.study.run_id import run_id
from cytoproc.version import __version__
from cytoproc.writing import cannot_write, write_whole

__all__ = ["Run", "run_study"]

log = logging.getLogger(__name__)
_COUNTED_BY = (
    "count_method",
    "sample_volume_ul",
    "final_volume_ul",
    "predilution",
    "beads_per_tube",
    "beads_per_ul",
    "bead_volume_ul",
    "bead_lot",
    "alc_10e9_l",
    "wbc_10e9_l",
)
_RECORDED = ("numpy", "scipy", "flowutils", "pyarrow", "XlsxWriter")


@dataclass(frozen=True, slots=True)
class Run:
    """What a run gave: every sample's result, the long table's rows, and the folder with the files.

    `study` is what was run, with a sample more for each tube in several files and for duplicate tubes. `kept` are the
    samples that an earlier run in the folder had finished; `again` those that it had and that were computed again, each
    with what had changed.
    """

    results: tuple[SampleResult, ...]
    rows: tuple[ResultRow, ...]
    folder: Path
    study: Study
    kept: tuple[str, ...] = ()
    again: tuple[tuple[str, str], ...] = ()

    @property
    def failed(self) -> tuple[SampleResult, ...]:
        """The samples that could not be processed; a pooled sample is no file of its own."""
        return tuple(r for r in self.results if r.error_code and not r.pooled_from)


def run_study(
    study: Study,
    out: str | Path,
    *,
    workers: Workers = Workers(),
    resume: bool = False,
    done: Callable[[SampleResult], None] = lambda _: None,
) -> Run:
    """Process every sample of a study and write its tables, `record.json` and `run.log` into a folder.

    A sample is kept in the folder `samples` as soon as it is finished. A run that was stopped, in whatever way, goes on
    from there when it is run again: a sample is computed again only if its file, its template, its settings or cytoproc
    itself are not what they were, by their content.

    The tables are `results` and `wide`, each as CSV and as Parquet, `results.xlsx` with both, and `checks.csv` if there
    were numbers to compare. What the columns of `results` are say `results.schema.json` and `data_dictionary.csv`. All
    but `run.log` depend on the inputs and the versions alone: no clock, host, path or worker count is in them.

    Parameters
    ----------
    study
        From :func:`~cytoproc.read_study` or :func:`~cytoproc.study_of_files`.
    out
        A folder that is absent, empty, or holds a run that did not finish.
    workers
        How many processes share the samples, and how long one may take; without, all is done in this process.
    resume
        The folder may also hold a run that did finish; its files are replaced once all samples are done.
    done
        Called with each sample's result as it is ready.

    Raises
    ------
    OutputError
        If the folder cannot be used, another run is writing into it, or a file cannot be written.
    """
    folder = Path(out)
    with hold_run_folder(folder, resume=resume), _logging_to(folder / "run.log"):
        log.info("cytoproc %s: study %r, %d samples", __version__, study.name, len(study.manifest.samples))
        log.info("begun by process %d on %s", os.getpid(), platform.node())
        _make_folder(folder / SAMPLES)
        tasks = [_task(sample, study) for sample in study.manifest.samples]
        batch = process_batch(tasks, workers=workers, folder=folder, done=_logged(done))
        pooled, study = pool(flag_duplicates(batch.results), study)
        found = find_out(pooled, study)
        rows = tabulate(found, study)
        clear_run_folder(folder, samples=[t.sample_id for t in tasks])
        _write(folder, study, found, rows)
        _log_the_end(found.results, batch)
    return Run(tuple(found.results), tuple(rows), folder, study, batch.kept, batch.again)


def _task(sample: Sample, study: Study) -> SampleTask:
    return SampleTask(
        sample.sample_id,
        sample.path,
        sample.file,
        study.template_of(sample),
        sample.place,
        sample.dataset,
        strict=study.strict,
        keywords=study.keywords,
    )


def _write(folder: Path, study: Study, found: Findings, rows: list[ResultRow]) -> None:
    """Write the tables, the templates, and last the record, which says that the folder is whole."""
    digests = {}
    for name, content in _tables(study, found, rows):
        write_whole(folder / name, content)
        digests[name] = hashlib.sha256(content).hexdigest()
    for name, content in _templates(study):
        _make_folder(folder / TEMPLATES)
        write_whole(folder / name, content)
        digests[name] = hashlib.sha256(content).hexdigest()
    write_whole(folder / "record.json", _record(study, list(found.results), digests))


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(exist_ok=True)
    except OSError as e:
        msg = f"cannot make the folder {path}: {e.strerror or e}"
        raise OutputError(msg) from e


def _log_the_end(results: Sequence[SampleResult], batch: Batch) -> None:
    """Tell the log which pooled samples have no numbers, what was kept, and how many samples failed."""
    for result in results:
        if result.pooled_from and result.error_code:
            log.warning("%s: %s %s", result.sample_id, result.error_code, result.error)
    if batch.kept:
        log.info("%d samples were kept from an earlier run, %d computed again", len(batch.kept), len(batch.again))
    n_failed = sum(bool(r.error_code) for r in batch.results)
    log.info("done, %d of %d samples failed", n_failed, len(batch.results))


def _logged(done: Callable[[SampleResult], None]) -> Callable[[SampleResult], None]:
    def log_and_tell(result: SampleResult) -> None:
        if result.error_code:
            log.error("%s: %s %s", result.sample_id, result.error_code, result.error)
        else:
            log.info("%s: %d events", result.sample_id, result.n_events)
        done(result)

    return log_and_tell


def _tables(study: Study, found: Findings, rows: list[ResultRow]) -> Iterator[tuple[str, bytes]]:
    """Yield each file of tables by its name, the plainest first."""
    tables = {"results": long_table(rows), "wide": wide_table(rows)}
    checks = check_table(found.checks)
    if checks.n_rows:
        yield "checks.csv", format_csv(checks)
    for name, table in tables.items():
        yield f"{name}.csv", format_csv(table)
    yield "data_dictionary.csv", format_csv(dictionary_table())
    yield "results.schema.json", format_schema()
    from cytoproc.export.notes import notes_table  # noqa: PLC0415 - these three cost 0.4 s, which a refused study saves
    from cytoproc.export.parquet import format_parquet  # noqa: PLC0415
    from cytoproc.export.workbook import format_workbook  # noqa: PLC0415

    for name, table in tables.items():
        yield f"{name}.parquet", format_parquet(table)
    summary = summary_table(rows, study)
    sheets = {
        **({"Summary": summary} if summary.n_rows else {}),
        "Wide": tables["wide"],
        "Results": tables["results"],
        "QC": quality_table(found.results, study),
        **({"Checks": checks} if checks.n_rows else {}),
        "Samples": sample_table(rows),
        "Methods": methods_table(rows, study, _facts(study, rows)),
        "Notes": notes_table(tables["wide"]),
    }
    yield "results.xlsx", format_workbook(sheets)


def _templates(study: Study) -> Iterator[tuple[str, bytes]]:
    """Yield a copy of each template that was read from a file, as it was, by the name it gets."""
    sources = {template_file(t): t.source for t in study.templates.values() if t.source}
    yield from sorted(sources.items())


def _facts(study: Study, rows: list[ResultRow]) -> dict[str, str]:
    """Return what the workbook says of how it was made."""
    versions = {"cytoproc": __version__, "Python": platform.python_version(), **_libraries()}
    return {
        "study": study.name,
        "run_id": ", ".join(dict.fromkeys(row.run_id for row in rows)),
        "confidence level": f"{study.confidence_level:g}",
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "manifest": f"SHA-256 {study.manifest.digest}" if study.manifest.digest else "none: bare files",
    }


def _libraries() -> dict[str, str]:
    """Return the versions of what the numbers, and the bytes of the files, depend on."""
    return {name: importlib.metadata.version(name) for name in _RECORDED} | {"zlib": zlib.ZLIB_RUNTIME_VERSION}


def _record(study: Study, results: list[SampleResult], digests: dict[str, str]) -> bytes:
    """Return what is needed to compute the run again, and to see that nothing was changed since."""
    manifest = {s.sample_id: s for s in study.manifest.samples}
    record: dict[str, Any] = {
        "run_id": run_id(results, study),
        "cytoproc": __version__,
        "python": platform.python_version(),
        "libraries": _libraries(),
        **describe(study),
        "samples": [
            {
                "sample_id": r.sample_id,
                "file": r.file,
                "sha256": r.sha256,
                "dataset": r.dataset or None,
                "keywords": dict(r.keywords),
                "template": r.template,
                "pooled_from": r.pooled_from,
                "template_sha256": study.template_of(manifest[r.sample_id]).digest,
                "counting": {c: text for c in _COUNTED_BY if (text := manifest[r.sample_id].get(c))},
                "gates_found": [
                    {"population": c.path, "source": c.gate_source, "how": c.gate_note} for c in r.counts if c.gate_note
                ],
                "among_shared": dict(r.among_shared),
                "odd_values": [{"what": what, "channel": c, "n_events": n} for what, c, n in r.odd_values],
                "channels": {m.marker: m.title for m in r.markers},
                "spillover": [{"name": m.name, "source": m.source, "sha256": m.sha256} for m in r.matrices],
                "repairs": [{"code": p.code, "message": p.message} for p in r.repairs],
                "flags": [{"code": f.code, "message": f.message} for f in r.flags],
                "error": {"code": r.error_code, "message": r.error} if r.error_code else None,
            }
            for r in results
        ],
        "outputs": digests,
    }
    return (json.dumps(record, indent=2, ensure_ascii=True) + "\n").encode()


class _LogFile(logging.FileHandler):
    """A log whose disk may be full: that ends the run with a message, not with a traceback on the screen."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Raise what kept a line from being written."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            raise cannot_write(Path(self.baseFilename), error) from error
        super().handleError(record)


class _OneThatCleans(logging.Formatter):
    """Writes what a file's keywords say without letting it steer the terminal of whoever reads the log."""

    def format(self, record: logging.LogRecord) -> str:
        return clean_text(super().format(record))


class _logging_to:  # noqa: N801 - reads as the verb it is in a with statement
    """Send the package's log to a file while a run lasts."""

    def __init__(self, path: Path) -> None:
        try:
            self._handler = _LogFile(path, mode="a", encoding="utf-8")
        except OSError as e:
            raise cannot_write(path, e) from e
        formatter = _OneThatCleans("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        formatter.converter = time.gmtime
        self._handler.setFormatter(formatter)
        self._logger = logging.getLogger("cytoproc")

    def __enter__(self) -> None:
        self._before = self._logger.level
        self._logger.setLevel(logging.INFO)
        self._logger.addHandler(self._handler)

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self._handler)
        self._logger.setLevel(self._before)
        self._handler.close()

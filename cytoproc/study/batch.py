"""Every sample of a study through the unit of work, each accounted for, whatever becomes of its worker."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cytoproc.model.results import SampleResult
from cytoproc.study.executors import Failure, Workers, map_tasks
from cytoproc.study.processing import SampleTask, process_sample
from cytoproc.study.stored import keep_result, kept_result, worth_keeping

__all__ = ["Batch", "process_batch"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of every task, in their order.

    `kept` are the ids of the samples that were taken from an earlier run; `again` those that were there and computed
    again, each with what had changed.
    """

    results: tuple[SampleResult, ...]
    kept: tuple[str, ...] = ()
    again: tuple[tuple[str, str], ...] = ()


def process_batch(
    tasks: Sequence[SampleTask],
    *,
    workers: Workers = Workers(),
    folder: Path | None = None,
    done: Callable[[SampleResult], None] = lambda _: None,
    process: Callable[[SampleTask], SampleResult] = process_sample,
) -> Batch:
    """Return the result of every task; none of them can cost another its own.

    Parameters
    ----------
    workers
        Where the tasks are done. A worker that dies, hangs or finds no memory gives a result with the code
        WORKER_DIED, TIMEOUT or OUT_OF_MEMORY; a fault in cytoproc one with INTERNAL_ERROR, and its traceback in the
        log.
    folder
        That of a run: what lies there of an earlier one and has not changed is taken, and what is finished is kept
        there at once.
    done
        Called with each result as it is ready.

    Raises
    ------
    OutputError
        If a finished sample cannot be kept. Those before it are.
    """
    found, again = _kept_before(tasks, folder, done) if folder is not None else ({}, [])
    kept = tuple(tasks[i].sample_id for i in found)
    left = [i for i in range(len(tasks)) if i not in found]
    for place, outcome in map_tasks(process, [tasks[i] for i in left], workers=workers):
        i = left[place]
        found[i] = _failed(tasks[i], outcome) if isinstance(outcome, Failure) else outcome
        if folder is not None and worth_keeping(tasks[i], found[i]):
            keep_result(folder, tasks[i], found[i])
        done(found[i])
    return Batch(tuple(found[i] for i in range(len(tasks))), kept, tuple(again))


def _kept_before(
    tasks: Sequence[SampleTask], folder: Path, done: Callable[[SampleResult], None]
) -> tuple[dict[int, SampleResult], list[tuple[str, str]]]:
    """Return the results of an earlier run that still hold, by place, and why others that are there do not."""
    found: dict[int, SampleResult] = {}
    again: list[tuple[str, str]] = []
    for i, task in enumerate(tasks):
        result, why = kept_result(folder, task)
        if result is not None:
            found[i] = result
            done(result)
        elif why:
            log.info("%s: computed again: %s", task.sample_id, why)
            again.append((task.sample_id, why))
    return found, again


def _failed(task: SampleTask, failure: Failure) -> SampleResult:
    """Return the result of a sample whose processing ended without one."""
    if failure.traceback:
        log.error("%s: internal error\n%s", task.sample_id, failure.traceback)
    message = f"{task.file}: {failure.message}"
    return SampleResult(task.sample_id, task.file, template=task.template.name, error_code=failure.code, error=message)

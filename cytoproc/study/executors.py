"""One function over many tasks: here, or in worker processes that may die without taking the batch with them."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from cytoproc.errors import UsageError

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Failure", "Workers", "map_tasks", "usable_cores", "usual_count"]

log = logging.getLogger(__name__)
T = TypeVar("T")
R = TypeVar("R")

_TEN_MINUTES = 600.0
_BYTES_WORTH_A_WORKER = 30 << 20
_NOT_ALONE = {"WORKER_DIED", "OUT_OF_MEMORY"}  # what another task in the same machine may have brought about
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Workers:
    """How many worker processes there are, and how many seconds one task may take in them.

    With a `count` of 0 the tasks are done in this process, one after another: what kills or hangs it then kills or
    hangs the batch. With 1 or more a worker that dies costs its own task alone.

    Raises
    ------
    UsageError
        If the count is negative, or the time limit is not above 0.
    """

    count: int = 0
    timeout_s: float = _TEN_MINUTES

    def __post_init__(self) -> None:
        """Check both numbers."""
        if self.count < 0:
            msg = f"a number of workers is 0 or more, not {self.count}"
            raise UsageError(msg)
        if not self.timeout_s > 0:
            msg = f"a time limit is more than 0 seconds, not {self.timeout_s:g}"
            raise UsageError(msg)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task has no result; `traceback` is empty unless the fault is one of ours."""

    code: str
    message: str
    traceback: str = ""


def usable_cores() -> int:
    """Return on how many cores this process may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def usual_count(n_bytes: int, *, cores: int) -> int:
    """Return how many workers are worth their start for files of so many bytes together: one a core, fewer for little.

    A worker takes as long to begin as it takes to gate about 30 MB. One there is always, since it may die.

    >>> [usual_count(megabytes << 20, cores=4) for megabytes in (0, 30, 70, 5000)]
    [1, 1, 3, 4]
    """
    return max(1, min(cores, -(-n_bytes // _BYTES_WORTH_A_WORKER)))


def map_tasks(
    function: Callable[[T], R], tasks: Sequence[T], *, workers: Workers = Workers()
) -> Iterator[tuple[int, R | Failure]]:
    """Yield the place of each task and its result, or why it has none, as they are ready.

    A task whose worker dies, or that finds no memory, is done once more, alone: it may have died beside the one that
    was to blame. One that reaches the time limit is not. Closing the iterator ends the workers.

    Parameters
    ----------
    function
        Of a module, not of a script or a notebook: workers import it.
    """
    if not workers.count:
        yield from ((i, _done_here(function, task)) for i, task in enumerate(tasks))
        return
    died = []
    for i, outcome in _until_all_are_done(function, dict(enumerate(tasks)), workers):
        if isinstance(outcome, Failure) and outcome.code in _NOT_ALONE:
            died.append(i)
        else:
            yield i, outcome
    for i in sorted(died):
        log.info("task %d: its worker died; it is done once more, alone", i + 1)
        yield from _until_all_are_done(function, {i: tasks[i]}, replace(workers, count=1))


def _done_here(function: Callable[[T], R], task: T) -> R | Failure:
    try:
        return function(task)
    except Exception as e:
        return _failure(e)


def _until_all_are_done(
    function: Callable[[T], R], tasks: dict[int, T], workers: Workers
) -> Iterator[tuple[int, R | Failure]]:
    """Yield the outcome of every task, from as many pools as it takes: an idle worker that is killed breaks a pool."""
    left = dict(tasks)
    n_before = 0
    while left and len(left) != n_before:  # a pool that finished nothing would break for ever
        n_before = len(left)
        for i, outcome in _from_one_pool(function, left, workers):
            del left[i]
            yield i, outcome
    for i in left:
        yield i, Failure("WORKER_DIED", "the worker processes end as soon as they begin")


def _from_one_pool(
    function: Callable[[T], R], tasks: dict[int, T], workers: Workers
) -> Iterator[tuple[int, R | Failure]]:
    """Yield the outcomes of one pool of workers; if it breaks, those it had until then."""
    from pebble import ProcessPool  # noqa: PLC0415 - costs what a batch without workers need not pay

    with _one_thread_each(), _without_the_script():
        pool = ProcessPool(max_workers=min(workers.count, len(tasks)), context=get_context("spawn"))
        try:
            futures: dict[Future[R], int] = {
                pool.schedule(function, args=[task], timeout=workers.timeout_s): i for i, task in list(tasks.items())
            }
            for future in as_completed(futures):
                error = future.exception() if not future.cancelled() else CancelledError()
                if isinstance(error, BrokenProcessPool | CancelledError):
                    continue
                yield futures[future], future.result() if error is None else _failure(error, workers.timeout_s)
        finally:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Have workers that begin here use one thread for linear algebra each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _without_the_script() -> Iterator[None]:
    """Have workers that begin here not run the script that is running.

    A spawned process imports the main module again: for a command that is half a second for nothing, and a script that
    has no main guard would begin itself anew. Tasks and functions are of modules, so workers need none of it.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _failure(error: BaseException, timeout_s: float = _TEN_MINUTES) -> Failure:
    """Return what is said of a task that raised an error, or whose worker ended."""
    if isinstance(error, TimeoutError):
        message = f"it was not done after {timeout_s:g} s and was given up; if the file is large, allow more time"
        return Failure("TIMEOUT", message)
    if isinstance(error, MemoryError):
        return Failure("OUT_OF_MEMORY", "there was not enough memory for this file; use fewer workers")
    if hasattr(error, "exitcode"):  # pebble's ProcessExpired
        return Failure("WORKER_DIED", f"the worker process {_how_it_ended(error.exitcode)} at work on this file")
    message = f"{type(error).__name__}: {error} (a fault in cytoproc; please report it with run.log)"
    return Failure("INTERNAL_ERROR", message, _traceback(error))


def _how_it_ended(exitcode: int | None) -> str:
    """Say how a process ended, by the number that the system gives.

    >>> _how_it_ended(-11), _how_it_ended(3)
    ('was ended by SIGSEGV', 'ended with code 3')
    """
    if exitcode is None or exitcode >= 0:
        return f"ended with code {exitcode}"
    number = -exitcode
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    return f"was ended by {name}" + (" (for want of memory, or by somebody)" if name == "SIGKILL" else "")


def _traceback(error: BaseException) -> str:
    """Return where an error came from; a worker sends it as text."""
    import traceback  # noqa: PLC0415

    sent = getattr(error, "traceback", None)
    return sent if isinstance(sent, str) else "".join(traceback.format_exception(error))

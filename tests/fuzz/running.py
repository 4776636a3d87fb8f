"""Cases one after another in a worker process, each with little memory and little time."""

import contextlib
import resource
import signal
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cytoproc.compensation import find_spillover
from cytoproc.errors import CytoprocError
from cytoproc.fcs import read_fcs
from tests.fuzz.judge import complaints
from tests.fuzz.mutations import break_file
from tests.fuzz.seeds import SEEDS

_MEMORY = 128 << 20  # beyond what the process has before; the files are below 20 kB
_TIME_S = 2.0


@dataclass
class Outcome:
    """What came of some cases: how many there were, how they ended, and what was wrong, with the case's number."""

    n_cases: int = 0
    ends: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


class _TooLong(BaseException):
    """Not an Exception: nothing that is tried may catch it."""


def make_case(seed, number):
    """Return the bytes of a case, and how they were made."""
    rng = np.random.default_rng((seed, number))
    name = list(SEEDS)[number % len(SEEDS)]
    raw, deeds = break_file(rng, SEEDS[name])
    return raw, f"{name}: {', '.join(deeds)}"


def run_cases(task):
    """Return the outcome of the cases of (seed, first number, number of cases)."""
    seed, first, count = task
    outcome = Outcome()
    signal.signal(signal.SIGALRM, _give_up)
    with tempfile.TemporaryDirectory() as folder, _little_memory():
        path = Path(folder) / "case.fcs"
        for number in range(first, first + count):
            raw, how = make_case(seed, number)
            path.write_bytes(raw)
            began = time.perf_counter()
            end, wrong = _judged(path, raw)
            outcome.slowest_s = max(outcome.slowest_s, time.perf_counter() - began)
            outcome.n_cases += 1
            outcome.ends[end] += 1
            if wrong:
                outcome.wrong.append(f"case {number} ({how}): {wrong}")
    return outcome


def _judged(path, raw):
    """Return how a case ended, and what is wrong with that."""
    signal.setitimer(signal.ITIMER_REAL, _TIME_S)
    try:
        reading = _read(path)
    except CytoprocError as error:
        return error.code, ""
    except _TooLong:
        return "HANG", f"not done after {_TIME_S:g} s"
    except BaseException as error:
        return "UNTYPED", "".join(traceback.format_exception(error)[-3:])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    said = complaints(raw, reading)
    return ("WRONG" if said else "read"), "; ".join(said)


def _read(path):
    dataset, events = read_fcs(path)
    with contextlib.suppress(CytoprocError):
        find_spillover(dataset.keywords, dataset.panel)
    return {
        "offset": dataset.layout.offset,
        "row_bytes": dataset.layout.row_bytes,
        "n_events": dataset.n_events,
        "n_channels": len(dataset.panel),
        "n_datasets": dataset.n_datasets,
        "values": events.values,
    }


def _give_up(*_):
    raise _TooLong


@contextlib.contextmanager
def _little_memory():
    """Let the process have a little more memory than it has now; what asks for more raises MemoryError."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + _MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def add_up(outcomes):
    """Return one outcome for all."""
    total = Outcome()
    for outcome in outcomes:
        total.n_cases += outcome.n_cases
        total.ends += outcome.ends
        total.wrong += outcome.wrong
        total.slowest_s = max(total.slowest_s, outcome.slowest_s)
    return total

"""Units of work that go wrong, in a module so that worker processes can import them."""

import os
import signal
import time

from cytoproc.study.processing import process_sample


def double(x):
    return 2 * x


def act(word):
    """Do what a word says; any other word comes back."""
    deeds = {
        "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
        "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "leave": lambda: os._exit(3),
        "hang": lambda: time.sleep(1000),
        "memory": lambda: (_ for _ in ()).throw(MemoryError()),
        "fault": lambda: {}["no such key"],
    }
    deed = deeds.get(word)
    return deed() if deed else word


def die_once(path):
    """Die the first time, as beside one that takes all memory, and be done the next."""
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def process_or_crash(task):
    """Process a sample, but crash or hang at those whose names say so."""
    for word in ("segfault", "hang"):
        if word in task.sample_id:
            act(word)
    return process_sample(task)

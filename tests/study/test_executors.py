"""Whatever a task does to its worker, the others have their results."""

import os
import subprocess
import sys

import pytest

from cytoproc.errors import UsageError
from cytoproc.study.executors import Failure, Workers, map_tasks, usable_cores
from tests.study.crashing import act, die_once, double

TWO = Workers(2, timeout_s=60)


def outcomes(function, tasks, workers):
    return dict(map_tasks(function, tasks, workers=workers))


@pytest.mark.parametrize("workers", [Workers(), Workers(2)])
def test_each_task_has_its_result_under_its_place(workers):
    assert outcomes(double, [3, 1, 2], workers) == {0: 6, 1: 2, 2: 4}


@pytest.mark.parametrize("workers", [Workers(), Workers(2)])
def test_no_tasks_no_results(workers):
    assert outcomes(double, [], workers) == {}


def test_tasks_that_end_their_workers_fail_alone_and_say_how():
    deeds = {
        "segfault": ("WORKER_DIED", "was ended by SIGSEGV"),
        "kill": ("WORKER_DIED", "was ended by SIGKILL (for want of memory, or by somebody)"),
        "leave": ("WORKER_DIED", "ended with code 3"),
        "memory": ("OUT_OF_MEMORY", "use fewer workers"),
        "fault": ("INTERNAL_ERROR", "KeyError: 'no such key' (a fault in cytoproc"),
    }
    tasks = ["a", *deeds, "b", "c"]

    found = outcomes(act, tasks, TWO)

    assert [found[tasks.index(word)] for word in "abc"] == ["a", "b", "c"]
    for deed, (code, said) in deeds.items():
        failure = found[tasks.index(deed)]
        assert failure.code == code
        assert said in failure.message
        assert ("Traceback" in failure.traceback) == (code == "INTERNAL_ERROR")


def test_a_task_that_hangs_is_given_up_at_the_time_limit():
    found = outcomes(act, ["hang", "a", "b"], Workers(2, timeout_s=2))

    assert (found[1], found[2]) == ("a", "b")
    assert found[0] == Failure(
        "TIMEOUT", "it was not done after 2 s and was given up; if the file is large, allow more time"
    )


def test_one_that_died_beside_another_is_done_again_alone(tmp_path):
    found = outcomes(die_once, [tmp_path / "mark"], TWO)

    assert found == {0: "done"}


@pytest.mark.parametrize("deed", ["memory", "fault"])
def test_without_workers_a_fault_costs_its_task_alone(deed):
    found = outcomes(act, ["a", deed, "b"], Workers())

    assert (found[0], found[2]) == ("a", "b")
    assert found[1].code in {"OUT_OF_MEMORY", "INTERNAL_ERROR"}


def test_workers_use_one_thread_each_and_this_process_is_left_as_it_was(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)

    found = outcomes(os.getenv, ["OMP_NUM_THREADS", "MKL_NUM_THREADS"], Workers(1))

    assert found == {0: "1", 1: "1"}
    assert (os.environ["OMP_NUM_THREADS"], "MKL_NUM_THREADS" in os.environ) == ("7", False)


def test_a_script_without_a_guard_is_not_begun_again_by_its_workers(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from cytoproc.study.executors import Workers, map_tasks\n"
        "print('begun', flush=True)\n"
        "print(sorted(dict(map_tasks(abs, [-1, 2], workers=Workers(2))).items()))\n",
        encoding="utf-8",
    )

    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)

    assert (done.stdout.splitlines(), done.stderr) == (["begun", "[(0, 1), (1, 2)]"], "")


@pytest.mark.parametrize(("count", "timeout"), [(-1, 1), (1, 0), (1, -5), (1, float("nan"))])
def test_numbers_that_mean_nothing_are_refused(count, timeout):
    with pytest.raises(UsageError):
        Workers(count, timeout)


def test_there_is_a_core_to_run_on():
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)

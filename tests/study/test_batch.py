"""A batch of samples: each accounted for, finished ones kept."""

import pytest

from cytoproc.errors import OutputError
from cytoproc.study import batch as batches
from cytoproc.study.batch import process_batch
from cytoproc.study.executors import Workers
from cytoproc.study.processing import SampleTask, process_sample
from cytoproc.templates.reading import read_template
from tests.making import fcs_file
from tests.study.crashing import process_or_crash

TEMPLATE = """\
template: t
version: "1"
compensation: none
populations:
  - {name: Cells, above: {channel: FSC-A, cut: 10}}
"""


@pytest.fixture
def template(tmp_path):
    (tmp_path / "t.yaml").write_text(TEMPLATE, encoding="utf-8")
    return read_template(tmp_path / "t.yaml")


@pytest.fixture
def make(tmp_path, template):
    """Make a task of so many events above the cut."""

    def make_task(name, n):
        path = fcs_file(tmp_path / f"{name}.fcs", {"FSC-A": [5] * 3 + [20] * n})
        return SampleTask(name, path, path.name, template)

    return make_task


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run/samples").mkdir(parents=True)
    return tmp_path / "run"


def counts(batch):
    return [r.counts[1].n_events if r.counts else r.error_code for r in batch.results]


@pytest.mark.parametrize("workers", [Workers(), Workers(2)])
def test_results_are_the_same_wherever_they_are_computed(make, workers):
    tasks = [make("a", 4), make("b", 2), make("c", 1)]
    tasks[2].path.write_bytes(b"no events")
    told = []

    batch = process_batch(tasks, workers=workers, done=told.append)

    assert counts(batch) == [4, 2, "FCS_NOT_FCS"]
    assert batch.results == tuple(process_sample(t) for t in tasks)
    assert sorted(r.sample_id for r in told) == ["a", "b", "c"]


def test_a_sample_that_ends_its_worker_is_one_coded_result_that_names_its_file(make):
    batch = process_batch(
        [make("a", 4), make("segfault", 1), make("b", 2)], workers=Workers(2), process=process_or_crash
    )

    assert counts(batch) == [4, "WORKER_DIED", 2]
    assert batch.results[1].error == "segfault.fcs: the worker process was ended by SIGSEGV at work on this file"
    assert (batch.results[1].file, batch.results[1].template) == ("segfault.fcs", "t")


def test_a_fault_of_ours_costs_one_sample_and_is_logged_with_its_trace(make, caplog):
    def faulty(task):
        return {}[task.sample_id] if task.sample_id == "b" else process_sample(task)

    batch = process_batch([make("a", 1), make("b", 1), make("c", 1)], process=faulty)

    assert counts(batch) == [1, "INTERNAL_ERROR", 1]
    assert batch.results[1].error.startswith("b.fcs: KeyError: 'b' (a fault in cytoproc")
    assert "Traceback" in caplog.text


def never(task):
    raise AssertionError(task.sample_id)


def test_what_is_finished_is_not_computed_again(make, folder):
    tasks = [make("a", 4), make("b", 2)]
    first = process_batch(tasks, folder=folder)
    told = []

    second = process_batch(tasks, folder=folder, process=never, done=told.append)

    assert second.results == first.results == tuple(told)
    assert (first.kept, second.kept, second.again) == ((), ("a", "b"), ())


def test_only_what_has_changed_is_computed_again(make, folder):
    process_batch([make("a", 4), make("b", 2), make("c", 1)], folder=folder)

    batch = process_batch([make("a", 4), make("b", 3), make("c", 1), make("d", 5)], folder=folder)

    assert counts(batch) == [4, 3, 1, 5]
    assert batch.kept == ("a", "c")
    assert batch.again == (("b", "the file has changed"),)


def test_a_failure_that_may_pass_is_tried_again(make, folder):
    gone = make("gone", 1)
    content = gone.path.read_bytes()
    gone.path.unlink()
    first = process_batch([gone], folder=folder)
    gone.path.write_bytes(content)

    second = process_batch([gone], folder=folder)

    assert (counts(first), counts(second)) == (["FILE_NOT_FOUND"], [1])
    assert (second.kept, second.again) == ((), ())


def test_what_was_finished_before_the_disk_was_full_is_kept(make, folder, monkeypatch):
    keep = batches.keep_result

    def full(folder, task, result):
        if task.sample_id == "b":
            raise OutputError("no room")
        keep(folder, task, result)

    monkeypatch.setattr(batches, "keep_result", full)
    tasks = [make("a", 4), make("b", 2)]
    with pytest.raises(OutputError, match="no room"):
        process_batch(tasks, folder=folder)
    monkeypatch.undo()

    assert process_batch(tasks, folder=folder).kept == ("a",)


@pytest.mark.parametrize("n_workers", [0, 2])
def test_the_files_that_are_read_are_left_as_they_were(make, n_workers):
    tasks = [make("a", 4), make("b", 2)]
    for task in tasks:
        task.path.chmod(0o400)
    before = [(t.path.read_bytes(), t.path.stat().st_mtime_ns) for t in tasks]

    process_batch(tasks, workers=Workers(n_workers))

    assert [(t.path.read_bytes(), t.path.stat().st_mtime_ns) for t in tasks] == before


@pytest.mark.slow
def test_of_a_hundred_files_one_that_crashes_and_one_that_hangs_cost_the_others_nothing(make):
    names = [f"s{i:03d}" for i in range(98)]
    names.insert(20, "segfault")
    names.insert(60, "hang")
    tasks = [make(name, i + 1) for i, name in enumerate(names)]
    alone = {t.sample_id: process_sample(t) for t in tasks}

    batch = process_batch(tasks, workers=Workers(2, timeout_s=5), process=process_or_crash)

    failed = {r.sample_id: r.error_code for r in batch.results if r.error_code}
    assert failed == {"segfault": "WORKER_DIED", "hang": "TIMEOUT"}
    assert [r for r in batch.results if not r.error_code] == [r for n, r in alone.items() if n not in failed]

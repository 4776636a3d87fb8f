import subprocess
import sys

import pytest

from cytoproc.errors import OutputError
from cytoproc.study.folder import clear_run_folder, hold_run_folder, sample_file

FIRST_LINE = "2024-01-31T09:30:00Z INFO cytoproc 0.1.0: study 'x', 3 samples\n"


def test_a_run_takes_a_folder_that_is_absent_empty_or_its_own_unfinished(tmp_path):
    started = tmp_path / "started"
    started.mkdir()
    (started / "run.log").write_text(FIRST_LINE, encoding="utf-8")
    for name in ("results.csv", "wide.csv", ".record.json.0123abcd.tmp"):
        (started / name).touch()
    (tmp_path / "empty").mkdir()

    for name in ("absent/below", "empty", "started"):
        with hold_run_folder(tmp_path / name):
            pass

    assert (tmp_path / "absent/below").is_dir()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["run.log", "record.json"], "holds a finished run already"),
        (["thesis.docx"], r"not of a run \(thesis.docx\)"),
        (["run.log", "thesis.docx"], r"not of a run \(thesis.docx\)"),
        (["run.log", ".thesis.docx.0123abcd.tmp"], r"not of a run \(.thesis.docx.0123abcd.tmp\)"),
        (["results.csv"], r"not of a run \(results.csv\)"),
        (["run.log", "templates"], r"not of a run \(templates\)"),
    ],
)
def test_a_folder_with_anything_else_is_left_alone(tmp_path, names, said):
    for name in names:
        (tmp_path / name).write_text(FIRST_LINE, encoding="utf-8")

    with pytest.raises(OutputError, match=said), hold_run_folder(tmp_path):
        pass

    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names)


@pytest.mark.parametrize("content", ["", "05:12 kernel: boot\n", f"boot\n{FIRST_LINE}"])
def test_a_log_of_something_else_makes_no_run_of_a_folder(tmp_path, content):
    (tmp_path / "run.log").write_text(content, encoding="utf-8")

    with pytest.raises(OutputError, match=r"not of a run \(run.log\)"), hold_run_folder(tmp_path):
        pass

    assert (tmp_path / "run.log").read_text(encoding="utf-8") == content


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "x").touch()

    with pytest.raises(OutputError, match="is a file"), hold_run_folder(tmp_path / "x"):
        pass


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "x").touch()

    with pytest.raises(OutputError, match="cannot make the folder"), hold_run_folder(tmp_path / "x/y"):
        pass


@pytest.mark.parametrize("log", [FIRST_LINE, ""])
def test_a_run_that_was_killed_leaves_a_folder_that_the_next_can_take(tmp_path, log):
    (tmp_path / "run.log").write_text(log, encoding="utf-8")
    (tmp_path / "run.lock").touch()
    (tmp_path / "samples").mkdir()
    (tmp_path / sample_file("a")).touch()

    with hold_run_folder(tmp_path):
        pass


def test_a_finished_run_is_opened_only_to_resume_it(tmp_path):
    (tmp_path / "run.log").write_text(FIRST_LINE, encoding="utf-8")
    (tmp_path / "record.json").touch()

    with hold_run_folder(tmp_path, resume=True):
        pass

    with pytest.raises(OutputError, match="add --resume"), hold_run_folder(tmp_path):
        pass


def test_the_second_of_two_runs_is_refused_until_the_first_has_ended(tmp_path):
    begun = "2024-01-31T09:30:01Z INFO begun by process 7 on lab-pc\n"

    with hold_run_folder(tmp_path):
        (tmp_path / "run.log").write_text(FIRST_LINE + begun, encoding="utf-8")
        with (
            pytest.raises(OutputError, match=r"another run is writing .*\(process 7 on lab-pc\)"),
            hold_run_folder(tmp_path, resume=True),
        ):
            pass

    with hold_run_folder(tmp_path):
        pass


def test_the_lock_of_a_killed_process_is_stale(tmp_path):
    code = (
        "import sys, os, pathlib\n"
        "from cytoproc.study.folder import hold_run_folder\n"
        "with hold_run_folder(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match="another run is writing"), hold_run_folder(tmp_path):
            pass
        process.kill()
    assert (tmp_path / "run.lock").exists()

    with hold_run_folder(tmp_path):
        pass


def test_a_folder_that_is_refused_gets_no_lock(tmp_path):
    (tmp_path / "thesis.docx").touch()

    with pytest.raises(OutputError), hold_run_folder(tmp_path):
        pass

    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]


def test_what_an_earlier_run_left_is_removed_and_the_samples_that_are_listed_stay(tmp_path):
    (tmp_path / "samples").mkdir()
    (tmp_path / "templates").mkdir()
    stays = [sample_file("a"), "run.log", "run.lock"]
    goes = [
        "record.json",
        "results.csv",
        ".wide.csv.0123abcd.tmp",
        sample_file("b"),
        "samples/.a-0123456789ab.json.0123abcd.tmp",
        "templates/t-0123456789ab.yaml",
    ]
    for name in stays + goes:
        (tmp_path / name).touch()

    clear_run_folder(tmp_path, samples=["a"])

    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == sorted(stays)


def test_ids_that_look_alike_have_files_of_their_own():
    ids = ["a b", "a/b", "a_b", "A_B", "x" * 300, "x" * 301, "..", ""]

    assert len({sample_file(i).casefold() for i in ids}) == len(ids)

import json
import re

import pytest

from cytoproc.study.explaining import formulas


@pytest.fixture
def finished(run, study):
    """The folder of a finished run of two small tubes."""
    run("run", study, "--quiet")
    return study / "results"


def test_it_tells_the_way_from_the_file_to_the_percentage(run, finished):
    done = run("explain", finished, "001", "CAR+")

    assert (done.code, done.err) == (0, "")
    for line in (
        "CAR+ of sample 001",
        "  500 events",
        "  no matrix was undone: the template gates the channels as measured, or none needs it",
        f"  {'CAR+':<12}{120:>9} of 300 (CD3+), 40 %",
        "      CAR at or above 500",
        "    value = 100 × N / n",
        "          = 100 × 120 / 300",
        "          = 40 %",
        "        =100*BETA.INV(0.025,120,181)",
        "    why QUANT: 120 events are 50 or more, so the number is reported.",
        "    CAR median 2000 (QUANT, reported as: 2000)",
    ):
        assert line in done.out.splitlines()


def test_its_lines_fit_a_page(run, finished):
    done = run("explain", finished, "001", "CAR+")

    assert max(map(len, done.out.splitlines())) <= 96


def test_a_path_is_as_good_as_a_name_and_root_is_all_events(run, finished):
    by_name = run("explain", finished, "001", "CAR+").out
    by_path = run("explain", finished, "001", "Cells/CD3+/CAR+").out
    root = run("explain", finished, "001", "root")

    assert by_name == by_path
    assert "    value = N = 500 events" in root.out.splitlines()


def test_json_holds_the_same(run, finished):
    done = run("explain", finished, "001", "CAR+", "--json")

    told = json.loads(done.out)
    [of_parent] = [n for n in told["numbers"] if n["of"] == "Cells/CD3+"]
    assert (told["file"]["n_events"], told["template"]["name"], told["agrees"]) == (500, "small", True)
    assert told["gates"][-1] == {
        "path": "Cells/CD3+/CAR+",
        "parent": "Cells/CD3+",
        "gate": "CAR at or above 500",
        "source": "LOCKED",
        "events_in": 300,
        "events_out": 120,
        "percent_of_parent": 40.0,
    }
    assert (of_parent["formula"], of_parent["with_values"]) == ("100 × N / n", "100 × 120 / 300")
    assert (of_parent["value"], of_parent["status"]) == (40.0, "QUANT")
    assert of_parent["interval"]["method"] == "clopper-pearson"
    assert of_parent["limits"]["detect_value"] == pytest.approx(100 * 20 / 300)
    assert "NaN" not in done.out


def test_a_number_that_its_formula_does_not_give_is_told_loudly(run, finished, monkeypatch):
    monkeypatch.setattr(formulas, "_percent", lambda line, n: formulas.Formula("100 × N / n", "100 × 1 / 3", 100 / 3))

    done = run("explain", finished, "001", "CAR+")
    as_json = run("explain", finished, "001", "CAR+", "--json")

    assert (done.code, as_json.code) == (1, 1)
    assert "    !!! the formula gives 33.3333, the table says 40" in done.out.splitlines()
    assert "!!! DO NOT SIGN IT." in done.out
    assert json.loads(as_json.out)["agrees"] is False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere", "001", "CAR+"), "there is no folder nowhere"),
        (("results", "002", "CAR+"), "has no sample '002'"),
        (("results", "001", "CAR"), "has no population 'CAR' (did you mean 'CAR+'?)"),
    ],
)
def test_what_is_not_there_ends_with_2_for_people_and_programs(run, finished, arguments, said):
    done = run("explain", *arguments)
    as_json = run("explain", *arguments, "--json")

    assert (done.code, as_json.code, done.out) == (2, 2, "")
    assert said in done.err
    assert said in json.loads(as_json.out)["error"]["message"]


def test_a_name_that_would_steer_a_terminal_is_written_out(run, finished):
    done = run("explain", finished, "001", "\x1b[31mCAR")

    assert done.code == 2
    assert not re.search("\x1b", done.out + done.err)

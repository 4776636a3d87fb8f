"""Templates by their file or their name."""

import pytest

from cytoproc.errors import UsageError
from cytoproc.model.paths import split_path
from cytoproc.templates.reading import read_template
from cytoproc.templates.shipped import copy_template, find_template, shipped_templates
from tests.templates.tubes import TRAITS, TRUTH, shipped

NAMES = list(shipped_templates())


def test_every_shipped_template_reads_without_problems_and_is_named_as_its_file():
    for name, path in shipped_templates().items():
        assert read_template(path).name == name


def test_a_file_goes_before_a_shipped_template_of_its_name(tmp_path):
    name = next(iter(shipped_templates()))
    (tmp_path / name).write_text("mine")

    assert find_template(name, tmp_path) == tmp_path / name


def test_a_name_stands_for_the_shipped_template(tmp_path):
    name, path = next(iter(shipped_templates().items()))

    assert find_template(name, tmp_path) == path


def test_what_stands_for_neither_is_told_with_what_is_there(tmp_path):
    name = next(iter(shipped_templates()))

    with pytest.raises(UsageError, match=rf"no template file '{name}x' in {tmp_path.name}.*did you mean '{name}'"):
        find_template(f"{name}x", tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_no_two_populations_of_a_shipped_template_share_a_label(name):
    labels = [split_path(path)[-1] for path in shipped(name).paths]

    assert sorted(labels) == sorted(set(labels))


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_template_lists_the_markers_its_gates_use_and_no_others(name):
    template = shipped(name)

    used = {channel for d in template.dimensions() for channel in d.channels}

    assert {m.name for m in template.markers} == {u for u in used if not u.startswith(("FSC", "SSC"))}


@pytest.mark.parametrize("name", NAMES)
def test_a_summary_shows_two_to_five_populations_of_a_shipped_template(name):
    assert 2 <= sum(item.headline for item in shipped(name).report) <= 5


@pytest.mark.parametrize("name", NAMES)
def test_what_a_shipped_template_reports_is_reported_once_and_with_its_denominator(name):
    report = shipped(name).report

    populations = [item.population for item in report]

    assert populations == list(dict.fromkeys(populations))
    assert [i.population for i in report if not i.percent_of and split_path(i.population)[-1] != "Lymphocytes"] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_population_whose_truth_the_simulator_knows_is_in_the_template(name):
    labels = {split_path(path)[-1] for path in shipped(name).paths}

    assert TRUTH[name].keys() - labels == set()
    assert name != "car_t_autologous" or TRAITS.keys() <= labels


def test_a_copy_has_its_own_name_says_what_it_was_and_gates_the_same(tmp_path):
    (tmp_path / "ours.yaml").write_bytes(copy_template("tbnk", "ours"))

    ours, theirs = read_template(tmp_path / "ours.yaml"), shipped("tbnk")

    first = (tmp_path / "ours.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert (ours.name, ours.version, ours.steps, ours.report) == ("ours", theirs.version, theirs.steps, theirs.report)
    assert first == f"# Began as a copy of tbnk {theirs.version} (SHA-256 {theirs.digest})"


@pytest.mark.parametrize("name", ["a\\1", "true", "null", "x: y", "a #b", "1.0", "ä"])
def test_a_copy_may_be_called_anything_that_a_file_can(tmp_path, name):
    (tmp_path / f"{name}.yaml").write_bytes(copy_template("tbnk", name))

    assert read_template(tmp_path / f"{name}.yaml").name == name

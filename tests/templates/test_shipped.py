"""Templates by their file or their name."""

import pytest

from cytoproc.errors import UsageError
from cytoproc.templates.reading import read_template
from cytoproc.templates.shipped import find_template, shipped_templates


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

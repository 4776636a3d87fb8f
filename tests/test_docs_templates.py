"""The pieces of YAML on the page about templates make one template that works."""

import re

import pytest

from cytoproc import gate_file, parse_template, read_dataset
from cytoproc.compensation import find_spillover, write_spillover_csv
from cytoproc.model.paths import split_path
from cytoproc.templates.document import SHAPES

BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def text(repository):
    """All blocks of the page, those of populations joined under one key."""
    page = (repository / "docs/how-to/write-a-template.md").read_text(encoding="utf-8")
    blocks = BLOCK.findall(page)
    populations = [b.removeprefix("populations:\n") for b in blocks if b.startswith("populations:\n")]
    return "".join(["".join(b for b in blocks if not b.startswith("populations:")), "populations:\n", *populations])


@pytest.fixture(scope="module")
def tube(repository):
    return repository / "example_fcs/fcs/SYN-001-D14-T.fcs"


@pytest.fixture(scope="module")
def template(text, tube, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    dataset = read_dataset(tube)
    write_spillover_csv(folder / "matrix_day_two.csv", find_spillover(dataset.keywords, dataset.panel).spillover)
    return parse_template(text, folder=folder)


def test_the_page_shows_every_shape(text):
    assert [shape for shape in SHAPES if f"{shape}:" not in text] == []


def test_every_population_of_the_page_finds_events_in_the_example(template, tube):
    counts = gate_file(tube, template).counts

    empty = {split_path(path)[-1] for path, n in counts.items() if not n}
    assert len(counts) == 21
    assert empty == set()


def test_the_ellipse_in_scale_units_lies_on_the_lymphocytes(template, tube):
    counts = {split_path(path)[-1]: n for path, n in gate_file(tube, template).counts.items()}

    assert counts["Lymphocyte core"] > 0.8 * counts["Lymphocytes"]
    assert counts["Round cells"] > 0.8 * counts["Lymphocytes"]

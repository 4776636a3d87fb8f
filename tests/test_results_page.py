"""The page about results leaves nothing out."""

import re

import pytest

from cytoproc.quantify.status import Status
from cytoproc.study.manifest import COLUMNS as MANIFEST_COLUMNS
from cytoproc.study.results import COLUMNS


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs/reference/results.md").read_text(encoding="utf-8")


def first_cells(page):
    """The names in the first cells of all tables."""
    cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`(\S+?)`", cell)}


def test_every_column_is_a_row_of_the_page_and_no_other_is(page):
    table = page.split("## results.csv")[1].split("### From the manifest")[0]

    assert first_cells(table) == set(COLUMNS)


def test_every_column_of_a_manifest_says_where_it_goes(page):
    table = page.split("### From the manifest")[1].split("### Status")[0]

    assert first_cells(table) == set(MANIFEST_COLUMNS)


def test_every_status_is_a_row_of_the_page(page):
    table = page.split("### Status")[1].split("### Gate source")[0]

    assert first_cells(table) == set(Status)


def test_every_flag_of_a_run_is_a_row_of_the_page(page, repository):
    sources = [p.read_text(encoding="utf-8") for p in (repository / "cytoproc").rglob("*.py")]
    codes = {code for text in sources for code in re.findall(r'(?:QCFlag|Refusal)\(\s*"([A-Z_]+)"', text)}
    refused = {"SPILL_DIAGONAL", "SPILL_OUT_OF_RANGE", "SPILL_UNKNOWN_DETECTOR"}  # errors by the time of a result

    assert len(codes) > 30
    assert codes - refused - first_cells(page) == set()

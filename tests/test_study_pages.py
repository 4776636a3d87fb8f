"""The pages about a study leave no key and no column out."""

import re

import pytest

from cytoproc.study import rules
from cytoproc.study.definition import _StudyPart
from cytoproc.study.manifest import COLUMNS
from cytoproc.study.rules import CountRules, CountsPart
from cytoproc.templates.document import Part


def words(repository, name):
    page = (repository / "docs/how-to" / name).read_text(encoding="utf-8")
    return set(re.findall(r"`(\w+)`", page))


def test_every_key_of_a_study_and_every_column_of_a_manifest_is_on_the_page(repository):
    assert {*_StudyPart.model_fields, *COLUMNS} - words(repository, "run-a-folder.md") == set()


def test_every_rule_of_counting_is_on_the_page_with_what_it_is_if_left_out(repository):
    parts = [p for p in vars(rules).values() if isinstance(p, type) and issubclass(p, Part) and p is not Part]

    assert {key for p in parts for key in p.model_fields} - {"qc"} - words(repository, "count-cells.md") == set()


@pytest.mark.parametrize("key", ["min_beads", "few_beads", "bead_lot_cv", "bead_share_cv", "duplicates_percent"])
def test_what_is_left_out_is_as_the_page_says(repository, key):
    page = (repository / "docs/how-to/count-cells.md").read_text(encoding="utf-8")
    [line] = [line for line in page.splitlines() if line.startswith("| `") and f"`{key}`" in line.split("|")[1]]
    keys = re.findall(r"`(\w+)`", line.split("|")[1])

    assert float(line.split("|")[-2].split(",")[keys.index(key)]) == getattr(CountRules(), key)


def test_left_out_rules_are_those_of_the_noun():
    assert CountsPart().rules() == CountRules()

"""The page on the simulator says what is in the tables."""

import pytest

from cytoproc.simulate.parameters import read_tables


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs/explanation/simulator.md").read_text(encoding="utf-8")


def table(page, first):
    """The rows of the table whose header begins so: by visit, the numbers."""
    lines = page.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(first)) + 2
    rows = {}
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        visits, *numbers = (c.strip() for c in line.strip("|").split("|"))
        for visit in visits.split(" (")[0].split(", "):
            rows[visit] = [float(n) for n in numbers]
    return rows


def test_the_page_has_the_cells_of_every_visit(page):
    kinds = ("NEUT", "MONO", "CD4", "CD8", "DNT", "CAR", "NK", "B")

    assert table(page, "| visit | neutrophils") == {
        name: [row[k] for k in kinds] for name, row in read_tables()["visits"].items()
    }


def test_the_page_has_the_composition_of_the_b_cells(page):
    parts = ("transitional", "naive", "unswitched", "switched", "DN1", "DN2", "PB", "PC")
    given = read_tables()["b_composition"]

    rows = table(page, "| visit | transitional")

    assert rows == {name: [row[p] for p in parts] for name, row in given.items()}
    assert all(sum(row) == pytest.approx(100) for row in rows.values())


def test_the_page_has_every_level(page):
    text = page.replace("\n", " ")

    for name, level in read_tables()["levels"].items():
        ((_, (first, second)),) = level.items()
        words = text[text.index(f"`{name}`") :][:120]
        assert str(first) in words
        assert str(second).removesuffix("0") in words

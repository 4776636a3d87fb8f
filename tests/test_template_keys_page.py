"""The page about the keys of a template leaves nothing out."""

import dataclasses
import re

import pytest

from cytoproc.templates import document
from cytoproc.templates.document import SHAPES, Part
from cytoproc.transforms.registry import OTHER_FORMS, SCALES


@pytest.fixture(scope="module")
def words(repository):
    """All that the page shows as code."""
    page = (repository / "docs/reference/template-keys.md").read_text(encoding="utf-8")
    return set(re.findall(r"`(\w+)`", page))


def test_every_key_of_every_part_is_on_the_page(words):
    parts = [p for p in vars(document).values() if isinstance(p, type) and issubclass(p, Part)]

    assert len(parts) > 15
    assert [f"{p.__name__}.{key}" for p in parts for key in p.model_fields if key not in words] == []


def test_every_shape_and_scale_with_its_parameters_is_on_the_page(words):
    forms = [*SCALES.values(), *(form for forms in OTHER_FORMS.values() for form in forms)]
    parameters = {field.name for form in forms for field in dataclasses.fields(form)}

    assert {*SHAPES, *SCALES, *parameters} - words == set()

"""A corpus of good and bad files, each with what must come of it."""

import json

import numpy as np
import pytest

from cytoproc.errors import FCSError
from tests.tools.reader_adapter import read

pytestmark = pytest.mark.real_data


def verdict(path, item):
    """What came of a file, if it is not what should have; nothing if all is well."""
    try:
        found = read(path)
    except FCSError as error:
        return "" if item["expect"] in ("reject", "either") else f"refused as {error.code}"
    if item["expect"] == "reject":
        return f"read, with {found['warnings']}"
    if item["expect"] == "warn" and not found["warnings"]:
        return "read without a word"
    for part in ("raw", "scaled"):
        wanted = item.get(part)
        if wanted and not np.allclose(found[part], np.array(wanted, float), rtol=1e-5, atol=1e-6, equal_nan=True):
            return f"{part} values differ"
    if item.get("names") and list(found["names"]) != item["names"]:
        return f"names are {found['names']}"
    return next(
        (
            f"{k} is {found['keywords'].get(k)!r}"
            for k, v in item.get("keywords", {}).items()
            if found["keywords"].get(k) != v
        ),
        "",
    )


def test_every_file_of_the_corpus_is_read_or_refused_as_it_should_be(shared):
    items = json.loads((shared / "corpus" / "MANIFEST.json").read_text(encoding="utf-8"))["items"]
    files = [item for item in items if item["kind"] == "fcs"]

    wrong = {item["file"]: said for item in files if (said := verdict(shared / "corpus" / item["file"], item))}

    assert len(files) > 200
    assert wrong == {}

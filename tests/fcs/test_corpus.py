"""A corpus of good and bad files, each with what must come of it."""

import contextlib
import gc
import json
from pathlib import Path

import numpy as np
import pytest

from cytoproc.errors import FCSError
from cytoproc.fcs import iter_events, read_dataset
from cytoproc.fcs.repairs import REPAIRS
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


def test_a_strict_reading_refuses_what_was_repaired_by_its_code_and_nothing_else(shared):
    items = json.loads((shared / "corpus" / "MANIFEST.json").read_text(encoding="utf-8"))["items"]
    wrong = {}
    for path in (shared / "corpus" / i["file"] for i in items if i["kind"] == "fcs"):
        try:
            repairs = [r.code for r in read_dataset(path).repairs if r.code in REPAIRS]
        except FCSError:
            continue
        try:
            read_dataset(path, strict=True)
            code = ""
        except FCSError as error:
            code = error.code
        if code not in (repairs or [""]):
            wrong[path.name] = (repairs, code)

    assert wrong == {}


def test_no_file_stays_open_whatever_it_holds(shared):
    open_files = Path("/proc/self/fd")
    if not open_files.is_dir():
        pytest.skip("the system does not tell which files are open")
    before = len(list(open_files.iterdir()))

    gc.disable()
    try:
        for path in sorted((shared / "corpus").rglob("*.fcs")):
            with contextlib.suppress(FCSError):
                next(iter_events(read_dataset(path)), None)
        after = len(list(open_files.iterdir()))
    finally:
        gc.enable()

    assert after == before

"""A corpus of hostile documents, each handed to the reader of its kind."""

import hashlib
import json
from pathlib import Path

import pytest

from cytoproc.errors import DocumentError, ManifestError, TemplateError, XMLError
from cytoproc.interop.xml import local_path, read_xml
from cytoproc.study.manifest import read_manifest
from cytoproc.templates.reading import read_template
from cytoproc.templates.yaml import parse_yaml

pytestmark = pytest.mark.real_data

MEANT_FOR_A_READER_OF_GATES = {"nan_bounds", "min_gt_max", "self_parent", "cycle", "missing_parent", "unknown_channel"}
"""Well-formed XML whose gates are wrong: the loader hands it over, a reader of gates has to refuse it."""

IDS = {
    "csv_ids": ["001", "002"],
    "csv_formula": ['=HYPERLINK("http://x.invalid","y")', "@SUM(1)", "+1", "-1", "=1"],
    "csv_bom_semicolon": ["S1"],
}


def items(shared):
    listed = json.loads((shared / "corpus/MANIFEST.json").read_text(encoding="utf-8"))["items"]
    return [(item, shared / "corpus" / item["file"]) for item in listed if item["kind"] != "fcs"]


def of_a_table(item, path, folder):
    """Its column `sample` is our `sample_id`."""
    here = folder / path.name
    here.write_bytes(path.read_bytes().replace(b"sample", b"sample_id", 1))
    try:
        found = [s.sample_id for s in read_manifest(here).samples]
    except ManifestError as e:
        return "" if item["cls"] not in IDS and all(p.line for p in e.problems) else str(e)
    return "" if found == IDS.get(item["cls"]) else f"read as {found}"


def of_yaml(item, path, _folder):
    if item["cls"] == "yaml_norway":
        data, _ = parse_yaml(path.read_text(encoding="utf-8"))
        kept = {k: getattr(v, "text", v) for k, v in data["samples"][0].items()}
        return "" if list(kept.values()) == ["NO", "on", "0123", "1e5", "12:34:56"] else str(kept)
    try:
        read_template(path)
    except TemplateError as e:
        return "" if all(p.line and p.column for p in e.problems) else str(e)
    return "read"


def of_xml(item, path, folder):
    try:
        root = read_xml(path)
    except XMLError as e:
        refused = item["expect"] == "reject" and item["cls"] not in MEANT_FOR_A_READER_OF_GATES
        return "" if refused and path.name in str(e) else str(e)
    if item["kind"] == "wsp":
        uris = [str(found) for found in root.xpath("//DataSet/@uri")]
        with pytest.raises(ValueError, match="outside"):
            local_path(uris[0], folder)
        return ""
    return "" if item["expect"] == "read" or item["cls"] in MEANT_FOR_A_READER_OF_GATES else "read"


def of_a_cache(_item, path, folder):
    """Lying where a cache would, and given as every kind of document: nobody unpickles it."""
    here = folder / path.name
    here.write_bytes(path.read_bytes())
    for read in (read_manifest, read_template, read_xml):
        with pytest.raises(DocumentError):
            read(here)
    return "it was run" if Path("/tmp/fuzz_pwned").exists() else ""


JUDGES = {"csv": of_a_table, "yaml": of_yaml, "xml": of_xml, "wsp": of_xml, "pkl": of_a_cache, "npy": of_a_cache}


def test_every_document_of_the_corpus_is_read_to_the_letter_or_refused(shared, tmp_path):
    listed = items(shared)

    wrong = {item["file"]: said for item, path in listed if (said := JUDGES[item["kind"]](item, path, tmp_path))}

    assert len(listed) > 40
    assert wrong == {}


def test_no_document_of_the_corpus_is_changed_by_reading_it(shared, tmp_path):
    for item, path in items(shared):
        JUDGES[item["kind"]](item, path, tmp_path)

        assert hashlib.sha256(path.read_bytes()).hexdigest() == item["sha256"]

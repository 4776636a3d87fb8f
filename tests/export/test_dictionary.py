"""The columns of `results`: described, published, and kept by the rows of a run."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

from cytoproc import read_study, run_study
from cytoproc.export.delimited import format_csv
from cytoproc.export.dictionary import MEANINGS, NEVER_EMPTY, STANDARDS, UNITS, VALUES, dictionary_table
from cytoproc.export.schema import format_schema
from cytoproc.study.result_row import COLUMNS

SCHEMA = json.loads(format_schema())
KINDS = {"string": str, "integer": int, "number": (int, float), "null": type(None)}


def wrong_in(row, schema):
    """What of a row the schema does not allow: types, values, and columns that are missing."""
    for name in schema["required"]:
        if name not in row:
            yield f"{name} is missing"
    for name, value in row.items():
        allowed = schema["properties"].get(name, schema["additionalProperties"])
        types = allowed["type"] if isinstance(allowed["type"], list) else [allowed["type"]]
        if isinstance(value, bool) or not isinstance(value, tuple(KINDS[t] for t in types)):
            yield f"{name} is {value!r}, not {types}"
        elif value not in allowed.get("enum", [value]):
            yield f"{name} is {value!r}, not one of {allowed['enum']}"


@pytest.fixture(scope="module")
def written(repository, tmp_path_factory):
    """The folder of a run of the example study, in which one file is missing."""
    folder = tmp_path_factory.mktemp("schema")
    shutil.copytree(repository / "example_fcs", folder / "study")
    (folder / "study/fcs/SYN-001-M6-T.fcs").unlink()
    return run_study(read_study(folder / "study/study.yaml"), folder / "out").folder


def test_every_column_is_described_and_nothing_else_is():
    assert set(MEANINGS) == set(COLUMNS)
    for table in (UNITS, VALUES, STANDARDS, NEVER_EMPTY):
        assert set(table) <= set(COLUMNS)


def test_the_schema_has_every_column_with_its_type_unit_and_values():
    properties = SCHEMA["properties"]

    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert tuple(properties) == COLUMNS
    assert properties["sample_id"] == {"description": "the sample, as the manifest calls it", "type": "string"}
    assert properties["n_events"]["type"] == ["integer", "null"]
    assert properties["background_events"]["type"] == ["number", "null"]
    assert (properties["v_eff_ul"]["type"], properties["v_eff_ul"]["unit"]) == (["number", "null"], "uL")
    assert properties["ref_indicator"]["enum"] == ["LOW", "NORMAL", "HIGH", None]
    assert properties["study_day"]["standard"].startswith("SDTM CP.CPDY")


def test_every_row_of_a_run_keeps_the_schema(written):
    rows = pq.read_table(written / "results.parquet").to_pylist()

    assert len(rows) > 1000
    assert {r["status"] for r in rows} >= {"QUANT", "BLQ", "ND", "NOT_EVALUABLE", "INVALID"}
    assert [wrong for row in rows for wrong in wrong_in(row, SCHEMA)] == []


@pytest.mark.parametrize(
    ("column", "value"),
    [("status", "FINE"), ("sample_id", None), ("n_events", 1.5), ("value_raw", "1"), ("own", 3), ("result_state", "")],
)
def test_the_schema_tells_a_row_that_is_wrong(written, column, value):
    row = pq.read_table(written / "results.parquet").to_pylist()[0]

    assert [w.split(" ")[0] for w in wrong_in(row | {column: value}, SCHEMA)] == [column]


def test_every_run_has_the_schema_and_the_dictionary_with_their_fingerprints(written):
    outputs = json.loads((written / "record.json").read_text(encoding="utf-8"))["outputs"]

    assert (written / "results.schema.json").read_bytes() == format_schema()
    assert (written / "data_dictionary.csv").read_bytes() == format_csv(dictionary_table())
    assert {"results.schema.json", "data_dictionary.csv"} <= set(outputs)


@pytest.mark.parametrize(
    ("name", "content"),
    [("results.schema.json", format_schema()), ("data_dictionary.csv", format_csv(dictionary_table()))],
)
def test_what_is_published_is_what_a_run_writes(repository, request, name, content):
    """Run with --update-golden to publish it anew."""
    path = repository / "docs/reference" / name
    if request.config.getoption("--update-golden"):
        path.write_bytes(content)

    assert path.read_bytes() == content

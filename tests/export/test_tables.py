import csv
import io
import math

import numpy as np
import pytest

from cytoproc.export.delimited import format_csv
from cytoproc.export.dictionary import MEANINGS
from cytoproc.export.notes import notes_table
from cytoproc.export.table import Kind
from cytoproc.export.tables import long_table, membership_table, sample_table, wide_table
from cytoproc.study.result_row import COLUMNS, TEXTS
from tests.export.rows import result_row

B = "Ly/B cells"


def cells(table):
    """The first line of a table by its columns' names."""
    return dict(zip(table.names, next(table.rows()), strict=True))


def column(table, name):
    [found] = [c for c in table.columns if c.name == name]
    return found


def test_the_long_table_has_every_column_of_a_row_in_its_kind():
    table = long_table([result_row(n_events=12.0, value_raw=0.5, nominal_day="-7", own=(("site", "Basel"),))])

    assert table.names == (*COLUMNS, "site")
    kinds = {c.name: c.kind for c in table.columns}
    counts = {n for n, kind in kinds.items() if kind is Kind.COUNT}
    assert counts == {"n_events", "n_parent", "n_denominator", "n_beads", "lod_events", "lloq_events", "lob_events"}
    texts = set(TEXTS) - {"nominal_day", "visit_num"}
    assert {n for n, kind in kinds.items() if kind is Kind.TEXT} == {*texts, "site"}
    assert {n for n, kind in kinds.items() if kind is Kind.PERCENT} == {"singlet_loss_pct", "cv_pct", "change_pct"}
    assert [cells(table)[n] for n in ("n_events", "value_raw", "nominal_day", "n_beads")] == [12, 0.5, -7, None]


def test_the_labs_own_columns_end_every_table_and_never_take_the_name_of_ours():
    own = (("site", "Basel"), ("status", "checked"), ("manifest_status", "new"), ("root events", "mine"))
    row = result_row("a", "root", "COUNT", value_raw=9, own=own)

    long, wide = long_table([row]), wide_table([row])

    assert long.names[-4:] == ("site", "manifest_status", "manifest_manifest_status", "root events")
    assert wide.names[-4:] == ("site", "manifest_status", "manifest_manifest_status", "manifest_root events")
    assert [list(cells(t).values())[-4:] for t in (long, wide)] == [["Basel", "checked", "new", "mine"]] * 2


def test_the_wide_table_has_the_count_the_percentage_and_the_concentration_of_a_population():
    rows = [
        result_row("a", B, "COUNT", value_raw=60),
        result_row("a", B, "PCT", denominator_id="Ly", value_raw=5, value_reported=5),
        result_row(
            "a",
            B,
            "ABS",
            value_raw=7,
            value_reported=7,
            ci_low=6,
            ci_high=9,
            status="QUANT",
            lloq_value=5.8,
            unit="cells/uL",
        ),
        result_row("a", B, "MFI", marker="CD19 median", value_raw=900, value_reported=900),
    ]

    line = cells(wide_table(rows))

    assert {name: value for name, value in line.items() if name.startswith(B)} == {
        "Ly/B cells events": 60,
        "Ly/B cells % of Ly": 5,
        "Ly/B cells cells/uL": 7,
        "Ly/B cells cells/uL ci_low": 6,
        "Ly/B cells cells/uL ci_high": 9,
        "Ly/B cells cells/uL status": "QUANT",
        "Ly/B cells cells/uL lloq": 5.8,
        "Ly/B cells CD19 median": 900,
    }


def test_the_wide_table_gives_no_number_that_may_not_be_reported_and_says_why():
    no_number = {"value_raw": 0.5, "value_reported": math.nan}
    rows = [
        result_row("a", B, "COUNT", value_raw=3),
        result_row("a", B, "PCT", denominator_id="Ly", **no_number),
        result_row("a", B, "ABS", ci_low=0.1, ci_high=1.4, status="ND", lloq_value=8.3, **no_number),
    ]

    line = cells(wide_table(rows))

    assert (line["Ly/B cells events"], line["Ly/B cells % of Ly"], line["Ly/B cells cells/uL"]) == (3, None, None)
    assert (line["Ly/B cells cells/uL status"], line["Ly/B cells cells/uL ci_high"]) == ("ND", 1.4)


def test_each_sample_is_one_line_of_the_wide_table_also_one_that_failed_or_has_other_populations():
    rows = [
        result_row("bad", qc_status="FAIL", status="INVALID"),
        result_row("t", "T", "COUNT", value_raw=1),
        result_row("b", B, "COUNT", value_raw=2),
        result_row("t", "T/CD4", "COUNT", value_raw=3),
    ]

    table = wide_table(rows)

    assert column(table, "sample_id").values == ("bad", "t", "b")
    assert column(table, "T events").values == (None, 1, None)
    assert column(table, "T/CD4 events").values == (None, 3, None)
    assert column(table, "Ly/B cells events").values == (None, None, 2)


def test_excel_shows_the_last_names_of_populations_where_they_tell_columns_apart():
    rows = [
        result_row("a", "Ly/T/CD4+", "PCT", denominator_id="Ly/T"),
        result_row("a", "Ly/T/N", "COUNT", value_raw=1),
        result_row("a", "Ly/B/N", "COUNT", value_raw=2),
        result_row("a", r"Ly/CD4\/CD8", "COUNT", value_raw=2),
    ]

    titles = {c.name: c.title for c in wide_table(rows).columns}

    assert titles["Ly/T/CD4+ % of Ly/T"] == "CD4+ % of T"
    assert titles["Ly/T/N events"] == titles["Ly/B/N events"] == ""  # the full name
    assert titles[r"Ly/CD4\/CD8 events"] == "CD4/CD8 events"


def test_the_sample_table_has_what_is_known_of_each_file():
    rows = [
        result_row("a", "root", "COUNT", fcs_file="a.fcs", fcs_sha256="aa", template_id="T", qc_flags="X", comment="x"),
        result_row("a", B, "COUNT", fcs_file="a.fcs", fcs_sha256="aa"),
        result_row("b", fcs_file="b.fcs", qc_status="FAIL"),
    ]

    table = sample_table(rows)

    assert column(table, "fcs_file").values == ("a.fcs", "b.fcs")
    first = cells(table)
    assert [first[n] for n in ("fcs_sha256", "template_id", "qc_flags", "comment")] == ["aa", "T", "X", "x"]


@pytest.mark.parametrize("make", [long_table, wide_table, sample_table])
def test_a_table_of_no_samples_has_its_columns_and_no_line(make):
    table = make([])

    assert (table.n_rows, "sample_id" in table.names) == (0, True)


def test_the_notes_say_what_every_column_means_and_what_short_names_stand_for():
    wide = wide_table([result_row("a", "Ly/T/CD4+", "PCT", denominator_id="Ly/T")])

    notes = list(notes_table(wide).rows())

    assert set(MEANINGS) == set(COLUMNS)
    assert {name for about, name, _ in notes if about == "Results"} == set(COLUMNS)
    assert ("Wide, in full", "CD4+ % of T", "Ly/T/CD4+ % of Ly/T") in notes


def test_a_csv_ends_its_lines_alike_everywhere_and_quotes_what_must_be():
    rows = [result_row("a,b", own=(('say "x"', "µ"),))]

    text = format_csv(long_table(rows)).decode("utf-8")

    assert "\r" not in text
    header, line = csv.reader(io.StringIO(text, newline=""))
    assert (header[-1], line[1], line[-1]) == ('say "x"', "a,b", "µ")


def test_membership_is_one_column_a_population_and_one_row_an_event():
    masks = {"Live": np.array([True, True, False]), "Live/CD4\\/CD8": np.array([False, True, False])}

    assert membership_table(masks) == b"Live,Live/CD4\\/CD8\n1,0\n1,1\n0,0\n"


def test_membership_of_no_events_is_a_header():
    assert membership_table({"A": np.zeros(0, dtype=bool)}) == b"A\n"

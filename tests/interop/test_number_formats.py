"""What is seen of a number."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import from_excel, to_excel

from cytoproc.interop.number_formats import BUILT_IN, NotAsSeen, as_seen


@pytest.mark.parametrize(
    ("written", "code", "seen"),
    [
        ("1", "000", "001"),
        ("-7", "000", "-007"),
        ("1234", "000", "1234"),
        ("49520", "General", "49520"),
        ("49520", "#,##0", "49520"),
        ("1.1000000000000001", "General", "1.1"),
        ("0.30000000000000004", "General", "0.3"),
        ("1E-3", "General", "0.001"),
        ("123456789012", "General", "123456789012"),
        ("1.1", "0.00", "1.10"),
        ("1.1", "0.0##", "1.1"),
        ("1", "0.00_);[Red](0.00)", "1.00"),
        ("7", "@", "7"),
        ("7", "_-* 000_-", "007"),
        ("0", '0;-0;"none"', None),
        ("1", '"P"000', None),
        ("123456789", "000-00-0000", None),
        ("1.26", "0.0", None),
        ("99.7", "0", None),
        ("0.025", "0.0%", None),
        ("100000", "0.00E+00", None),
        ("1E+15", "General", None),
        ("0.5", "# ?/?", None),
        ("1200000", "0,", None),
        ("5", "[>100]0", None),
        ("5", ";;;", None),
        ("nan", "General", None),
        ("45322", "yyyy-mm-dd", None),
        ("0.5", "h:mm", None),
    ],
)
def test_a_name_is_what_is_seen_or_refused(written, code, seen):
    if seen is None:
        with pytest.raises(NotAsSeen):
            as_seen(written, code, is_name=True)
    else:
        assert as_seen(written, code, is_name=True) == seen


@pytest.mark.parametrize(
    ("written", "code", "value"),
    [
        ("1.2345", "0.00", "1.2345"),
        ("99.7", "0", "99.7"),
        ("5", '0" µL"', "5"),
        ("5", 'General" µL"', "5"),
        ("-5", "#,##0_);(#,##0)", "-5"),
        ("45322", "yyyy-mm-dd", "2024-01-31"),
        ("45322", "[$-407]d. mmmm yyyy;@", "2024-01-31"),
        ("45322.395833333336", "m/d/yyyy h:mm", "2024-01-31T09:30"),
        ("45322.39584490741", "dd.mm.yyyy", "2024-01-31T09:30:01"),
        ("0.39583333333333331", "h:mm AM/PM", "09:30"),
        ("2024-01-31T00:00:00", "General", "2024-01-31"),
    ],
)
def test_a_number_counts_in_full_and_a_date_is_iso(written, code, value):
    assert as_seen(written, code, is_name=False) == value


@pytest.mark.parametrize(
    ("written", "code", "said"),
    [
        ("0.025", "0.0%", "shows 0.025 as a percentage"),
        ("100000", "0.00E+00", "shows 100000 as a power of ten"),
        ("45293", "d-mmm", "shows only a part of the date 2024-01-02"),
        ("45293", "mmm-yy", "shows only a part of the date 2024-01-02"),
        ("1.5", "[h]:mm", "holds 1.5, shown as a date or a time"),
        ("59", "yyyy-mm-dd", "holds 59, shown as a date"),
        ("-1", "yyyy-mm-dd", "shown as a date"),
        ("1e300", "General", "more digits than Excel keeps"),
        ("five", "General", "holds 'five' where a number should be"),
    ],
)
def test_what_can_be_meant_in_two_ways_is_refused_also_where_it_is_no_name(written, code, said):
    with pytest.raises(NotAsSeen, match=said.replace("[", r"\[")):
        as_seen(written, code, is_name=False)


@pytest.mark.parametrize("number", sorted(BUILTIN_FORMATS))
def test_the_formats_that_workbooks_number_are_those_that_openpyxl_knows(number):
    ours = BUILT_IN.get(str(number), "General")
    theirs = BUILTIN_FORMATS[number]

    assert is_date_format(ours) == is_date_format(theirs)
    assert [sign in ours for sign in ("%", "E+", "?/?")] == [sign in theirs for sign in ("%", "E+", "?/?")]


@given(
    st.datetimes(datetime.datetime(1901, 1, 1), datetime.datetime(2199, 1, 1)).map(lambda d: d.replace(microsecond=0))
)
def test_a_date_is_the_one_that_was_saved(moment):
    serial = repr(to_excel(moment))

    assert datetime.datetime.fromisoformat(as_seen(serial, "yyyy-mm-dd h:mm:ss", is_name=False)) == moment
    later = from_excel(float(serial), epoch=datetime.datetime(1904, 1, 1))
    in_1904 = datetime.datetime.fromisoformat(as_seen(serial, "yyyy-mm-dd h:mm:ss", is_name=False, is_1904=True))
    assert abs(in_1904 - later) <= datetime.timedelta(seconds=1)


@given(st.integers(-(10**14), 10**14), st.sampled_from(["General", "0", "000", "#,##0", "@"]))
def test_a_whole_number_keeps_all_its_digits(number, code):
    assert int(as_seen(repr(float(number)), code, is_name=True)) == number

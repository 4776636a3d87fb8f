"""What a lab's table may look like, and what is said when it may not."""

import pytest

from cytoproc.errors import ManifestError
from cytoproc.study.manifest import manifest_of_files, read_manifest


@pytest.fixture
def read(tmp_path):
    def read_text(text, **more):
        path = tmp_path / "manifest.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return read_manifest(path, **more)

    return read_text


def problems_of(read, text):
    with pytest.raises(ManifestError) as caught:
        read(text)
    return [(p.line, p.column, p.message) for p in caught.value.problems]


def test_ids_stay_what_they_are(read):
    names = ["001", "1E5", "NA", "NO", "None", "true", "1.0", "-1", "2024-01-05", "µ"]
    rows = "".join(f"{name},f{i}.fcs\n" for i, name in enumerate(names))

    manifest = read("sample_id,file\n" + rows)

    assert [s.sample_id for s in manifest.samples] == names


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_ways_in_which_spreadsheets_save_a_table_are_one(read, delimiter, end, mark):
    lines = ["sample_id,file,visit,site", "s1,a.fcs,D7,Xi'an", "s2,b.fcs,,"]

    manifest = read(mark + end.join(lines).replace(",", delimiter) + end)

    assert [(s.sample_id, s.file, s.get("visit"), s.get("site")) for s in manifest.samples] == [
        ("s1", "a.fcs", "D7", "Xi'an"),
        ("s2", "b.fcs", "", ""),
    ]
    assert manifest.own_columns == ("site",)


def test_a_cell_may_hold_the_delimiter_in_quotes_and_lines_may_be_empty(read):
    manifest = read('sample_id,file,note\n\ns1,a.fcs,"late, but fine"\n,,\n')

    assert [s.get("note") for s in manifest.samples] == ["late, but fine"]
    assert manifest.samples[0].place == "manifest.csv line 3"


def test_without_sample_id_a_sample_is_called_as_its_file(read):
    assert [s.sample_id for s in read("file\nday 7/a.b.fcs\n").samples] == ["a.b"]


def test_every_problem_is_listed_with_its_line_and_column(read):
    text = (
        "sample_id,file,day,predilution\n"
        "s1,a.fcs,seven,2\n"
        'S1,"b.fcs",7,"1,5"\n'
        "s3,,7,\n"
        ",d.fcs,7,\n"
        "s5,../e.fcs,7,\n"
        "s6,f.fcs,7,,late\n"
    )

    assert problems_of(read, text) == [
        (2, 3, "expected a number with a decimal point, found 'seven'"),
        (3, 4, "expected a number with a decimal point, found '1,5'"),
        (4, 2, "the row names no file"),
        (5, 1, "the row has no sample_id"),
        (6, 2, "'../e.fcs' lies outside the study folder; move it there or set allow_outside: true"),
        (7, 1, "the row has 5 cells, the header 4; is a cell with a comma missing its quotes?"),
    ]


@pytest.mark.parametrize("text", ["inf", "nan", "1_000", "٣", "0x10", "7 days", "1,5"])
def test_what_is_no_plain_number_is_no_number(read, text):
    assert len(problems_of(read, f"file;day\na.fcs;{text}\n")) == 1


def test_numbers_are_read_but_kept_as_written(read):
    samples = read("file,day,sample_volume_ul\na.fcs,-7,1e2\nb.fcs,07,100.50\n").samples

    assert [(s.get("day"), s.get("sample_volume_ul")) for s in samples] == [("-7", "1e2"), ("07", "100.50")]


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("../a.fcs", "outside the study folder"),
        ("day7/../../a.fcs", "outside the study folder"),
        ("/data/a.fcs", "outside the study folder"),
        ("day7\\a.fcs", "forward slashes"),
        ("C:/a.fcs", "forward slashes"),
        ("file:///a.fcs", "is an address"),
        ("http://127.0.0.1/a.fcs", "is an address"),
    ],
)
def test_a_file_lies_in_the_study_folder(read, file, said):
    [(line, column, message)] = problems_of(read, f"sample_id,file\ns1,{file}\n")

    assert (line, column) == (2, 2)
    assert said in message


@pytest.mark.parametrize("file", [".", "./", "x/..", "./."])
def test_a_row_that_names_no_file_but_a_folder_is_refused(read, file):
    assert problems_of(read, f"visit,file\nD7,{file}\n") == [
        (2, 2, f"{file!r} is a folder; write the path of one file")
    ]


@pytest.mark.parametrize(
    ("column", "good", "wrong", "said"),
    [
        (
            "count_method",
            ["SP_BEAD", "SP_VOL", "DP_ALC", "DP_WBC", "SECOND_TUBE", "NONE"],
            ["sp_bead", "BEADS"],
            "one of SP_BEAD, SP_VOL, DP_ALC, DP_WBC, SECOND_TUBE, NONE",
        ),
        (
            "control",
            ["fmo:CD19", "fmo:CAR (FMC63)", "unstained", "single:PE-A", "pre_infusion", "process"],
            ["fmo", "fmo:", "FMO:CD19", "isotype", "unstained:x", "single: PE"],
            "one of unstained, pre_infusion, process, fmo:MARKER, single:CHANNEL",
        ),
        ("sample_volume_ul", ["50", "0.5"], ["0", "-50", "-0.0", "1e-999"], "a number above 0"),
        ("final_volume_ul", ["500"], ["0"], "a number above 0"),
        ("predilution", ["1", "10"], ["0", "-1"], "a number above 0"),
        ("beads_per_tube", ["49520"], ["0"], "a number above 0"),
        (
            "beads_per_tube",
            ["51664", "51664.0"],
            ["51.664", "51664.5"],
            "a whole number, without a sign between thousands",
        ),
        ("alc_10e9_l", ["0", "1.2"], ["-0.1"], "a number that is not below 0"),
        ("wbc_10e9_l", ["0", "4.5", "500"], ["-1"], "a number that is not below 0"),
        ("alc_10e9_l", ["500"], ["500.1", "1420"], "a count in 10^9/L, at most 500 (cells/µL divided by 1000)"),
        (
            "collected_at",
            ["2024-01-31", "2024-01-31T09:30", "2024-01-31T09:30:00+01:00", "2024-01-31 09:30"],
            ["31.01.2024", "01/31/2024", "2024-02-30", "2024-01-31T25:00", "yesterday", "2024-0\u0661-31"],
            "a date, or date and time, as in 2024-01-31 or 2024-01-31T09:30",
        ),
    ],
)
def test_a_cell_holds_what_its_column_is_for_or_nothing(read, column, good, wrong, said):
    needs = "specimen_id,beads_per_tube,sample_volume_ul,final_volume_ul,alc_10e9_l,wbc_10e9_l"
    numbers = {"SP_BEAD": "D1,1,0.1,500,1,1"} if column == "count_method" else {}
    usual, rest = ("D1,,0.1,500,1,1", needs) if numbers else ("x", "site")
    rows = "".join(f"{i}.fcs,{value},{numbers.get(value, usual)}\n" for i, value in enumerate([*good, ""]))
    kept = read(f"file,{column},{rest}\n{rows}")
    found = problems_of(read, f"file,{column}\n" + "".join(f"{i}.fcs,{value}\n" for i, value in enumerate(wrong)))

    assert [s.get(column) for s in kept.samples] == [*good, ""]
    assert found == [(i + 2, 2, f"expected {said}, found {value!r}") for i, value in enumerate(wrong)]


@pytest.mark.parametrize(
    ("method", "missing"),
    [
        ("SP_BEAD", ["beads_per_tube", "sample_volume_ul"]),
        ("SP_VOL", ["sample_volume_ul", "final_volume_ul"]),
        ("DP_ALC", ["alc_10e9_l"]),
        ("DP_WBC", ["wbc_10e9_l"]),
        ("SECOND_TUBE", ["specimen_id"]),
        ("NONE", []),
        ("", []),
    ],
)
def test_a_count_method_asks_for_what_it_needs_with_the_row_and_the_column(read, method, missing):
    header = "file,count_method,specimen_id,sample_volume_ul,final_volume_ul,beads_per_tube,alc_10e9_l,wbc_10e9_l"
    text = f"{header}\na.fcs,{method},,,,,,\n"

    found = problems_of(read, text) if missing else read(text) and []

    columns = header.split(",")
    assert [(line, columns[column - 1]) for line, column, _ in found] == [
        (2, c) for c in sorted(missing, key=columns.index)
    ]
    assert all(message.startswith(f"needed for count_method {method}: ") for _, _, message in found)


def test_a_column_that_a_count_method_needs_and_the_manifest_does_not_have_is_named(read):
    with pytest.raises(
        ManifestError, match="2:1 beads_per_tube: needed for count_method SP_BEAD: how many beads were in"
    ):
        read("file,count_method,sample_volume_ul\na.fcs,SP_BEAD,100\n")


def test_a_control_needs_no_numbers_to_count_by(read):
    assert read("file,count_method,control\na.fcs,SP_BEAD,unstained\n").samples[0].get("control") == "unstained"


def test_a_tube_cannot_hold_less_than_the_blood_in_it(read):
    header = "file,count_method,sample_volume_ul,final_volume_ul\n"

    assert read(f"{header}a.fcs,SP_VOL,100,100\n")
    assert problems_of(read, f"{header}a.fcs,SP_VOL,100,50\n") == [
        (2, 4, "50 µL in the tube is less than the 100 µL of blood (sample_volume_ul) put into it")
    ]


def test_a_link_out_of_the_study_folder_is_seen_through(read, tmp_path):
    (tmp_path / "away").symlink_to("/")

    assert "outside" in problems_of(read, "file\naway/a.fcs\n")[0][2]


def test_files_outside_are_read_if_the_study_allows_it(read):
    assert read("file\n../a.fcs\n", allow_outside=True).samples[0].file == "../a.fcs"


@pytest.mark.parametrize(
    ("one", "other"), [("s1", "s1"), ("s1", "S1"), ("stra\u00dfe", "STRASSE"), ("e\u0301", "\u00c9")]
)
def test_ids_that_a_file_system_could_take_for_one_another_are_refused(read, one, other):
    found = problems_of(read, f"sample_id,file\n{one},a.fcs\n{other},b.fcs\n")

    assert found == [(3, 1, f"sample_id {other!r} is used in line 2 already")]


def test_a_file_is_named_once_however_its_path_is_written(read):
    found = problems_of(read, "sample_id,file\ns1,a.fcs\ns2,x/../a.fcs\n")

    assert found == [(3, 2, "file 'x/../a.fcs' is named in line 2 already")]


@pytest.mark.parametrize(
    ("header", "column", "said"),
    [
        ("file,dilution", 2, "final_volume_ul"),
        ("file,sample", 2, "write sample_id"),
        ("file,visit,visit", 3, "there twice"),
        ("file,Subject ID", 2, "is nearly 'subject_id'"),
        ("file,vist", 2, "is nearly 'visit'"),
        ("file,templat", 2, "is nearly 'template'"),
        ("file,SubjectID", 2, "is nearly 'subject_id'"),
        ("file,,visit", 2, "column 2 has no name"),
        ("path,name", 1, "there is no column 'file'; the columns are: path, name"),
    ],
)
def test_a_header_that_could_be_misread_is_refused(read, header, column, said):
    cells = ",".join("x" for _ in header.split(","))

    [(line, found, message)] = problems_of(read, f"{header}\n{cells}\n")

    assert (line, found) == (1, column)
    assert said in message


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"", 1, "the manifest is empty"),
        (b"\n , \n", 1, "the manifest is empty"),
        (b"sample_id,file\n", 1, "a header and no rows"),
        (b"sample_id,file\ns1,a.fcs\nM\xfcller,b.fcs\n", 3, "CSV UTF-8"),
        (b"sample_id,file\ns\x001,a.fcs\n", 2, "NUL"),
        (b'sample_id,file\n"s1,a.fcs\n', 2, "not a readable CSV table"),
        (b"file,note\na.fcs," + b"x" * 100_001 + b"\n", 2, "100,001 characters"),
    ],
)
def test_a_table_that_is_no_table_is_refused_with_the_line(read, content, line, said):
    [(found, _, message)] = problems_of(read, content)

    assert found == line
    assert said in message


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("ids", ["001", "002"]),
        ("bom", ["S1"]),
        ("formula", ['=HYPERLINK("http://x.invalid","y")', "@SUM(1)", "+1", "-1", "=1"]),
        *(
            (bad, None)
            for bad in ("trav", "dup", "case", "cp1252", "extra", "nul", "huge", "nocol", "empty", "reserved")
        ),
    ],
)
def test_hostile_tables_are_read_to_the_letter_or_refused(shared, read, name, ids):
    """Its column `sample` is our `sample_id`."""
    content = (shared / f"corpus/other/{name}.csv").read_bytes().replace(b"sample", b"sample_id", 1)

    if ids is None:
        assert problems_of(read, content)
    else:
        manifest = read(content)
        assert [s.sample_id for s in manifest.samples] == ids


@pytest.mark.real_data
def test_columns_of_the_lab_keep_text_that_looks_like_a_number_or_nothing(shared, read):
    content = (shared / "corpus/other/ids.csv").read_bytes().replace(b"sample", b"sample_id", 1)

    manifest = read(content)

    assert [(s.get("well"), s.get("group")) for s in manifest.samples] == [("1E5", "NA"), ("2E5", "None")]
    assert manifest.own_columns == ("well", "group")


def test_bare_files_are_called_by_their_shortest_different_names():
    one = manifest_of_files(["a.fcs", "b.fcs"])
    nested = manifest_of_files(["x/day1/a.fcs", "x/day2/a.fcs"])
    twins = manifest_of_files(["a.fcs", "a.lmd"])

    assert [s.sample_id for s in one.samples] == ["a", "b"]
    assert [s.sample_id for s in nested.samples] == ["day1/a", "day2/a"]
    assert [s.sample_id for s in twins.samples] == ["a.fcs", "a.lmd"]


def test_neither_folder_nor_order_nor_spelling_changes_what_a_bare_file_is_called(tmp_path, monkeypatch):
    for folder in ("x/day1", "x/day2"):
        (tmp_path / folder).mkdir(parents=True)
    ways = [
        (".", ["x/day1/a.fcs", "x/day2/a.fcs", "x/day2/b.fcs"]),
        ("x/day1", ["../day2/b.fcs", "a.fcs", "../day2/a.fcs"]),
        ("x/day2", [tmp_path / "x/day1/a.fcs", "../../x/day2/./b.fcs", "a.fcs"]),
    ]

    told = []
    for folder, files in ways:
        monkeypatch.chdir(tmp_path / folder)
        told.append([(s.sample_id, s.file) for s in manifest_of_files(files).samples])

    assert told == [[("day1/a", "day1/a.fcs"), ("day2/a", "day2/a.fcs"), ("day2/b", "day2/b.fcs")]] * 3


def test_one_bare_file_is_shown_by_its_name_even_if_that_is_a_link(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "away").mkdir()
    (tmp_path / "s1.fcs").symlink_to("away/0001.fcs")

    assert [(s.sample_id, s.file) for s in manifest_of_files(["./s1.fcs"]).samples] == [("s1", "s1.fcs")]
    with pytest.raises(ManifestError, match="named twice"):
        manifest_of_files(["s1.fcs", "away/0001.fcs"])


@pytest.mark.parametrize("name", [".", "..", "/", "x/.."])
def test_a_bare_file_without_a_name_is_refused(name):
    with pytest.raises(ManifestError, match="is a folder; name the files in it"):
        manifest_of_files([name])


def test_a_table_never_shows_the_absolute_path_of_a_bare_file(tmp_path):
    [sample] = manifest_of_files([tmp_path / "a.fcs"]).samples

    assert (sample.sample_id, sample.file) == ("a", "a.fcs")


def test_a_bare_file_named_twice_is_refused(tmp_path):
    with pytest.raises(ManifestError, match="named twice"):
        manifest_of_files([tmp_path / "a.fcs", tmp_path / "x/../a.fcs"])


def test_the_tubes_of_a_specimen_are_of_one_visit_and_day(tmp_path):
    rows = [
        "file,subject_id,specimen_id,visit,day",
        "t.fcs,P1,P1-x,D14,14",
        "b.fcs,P1,P1-x,BL,-7",
        "c.fcs,P2,P1-x,BL,-7",
    ]
    (tmp_path / "manifest.csv").write_text("\n".join(rows))

    with pytest.raises(ManifestError) as caught:
        read_manifest(tmp_path / "manifest.csv")

    assert [(p.line, p.where) for p in caught.value.problems] == [(3, "visit"), (3, "day")]
    assert "is one blood draw and has one visit; found 'BL', and 'D14' in line 2" in str(caught.value)

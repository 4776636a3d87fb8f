"""Study files, good and bad."""

import pytest

from cytoproc.errors import ManifestError, StudyError, TemplateError
from cytoproc.study.definition import Instrument, describe, read_study
from cytoproc.study.rules import CountRules, TechnicalCVs
from cytoproc.study.truth import TrueCount

TEMPLATE = (
    "template: {name}\nversion: {version}\npopulations:\n  - {{name: A, above: {{channel: FSC-A, cut: {cut}}}}}\n"
)


@pytest.fixture
def write(tmp_path):
    def write_files(study, manifest="sample_id,file\ns1,a.fcs\n", **templates):
        (tmp_path / "study.yaml").write_bytes(study if isinstance(study, bytes) else study.encode("utf-8"))
        if manifest is not None:
            (tmp_path / "manifest.csv").write_text(manifest, encoding="utf-8")
        for name, (version, cut) in templates.items():
            text = TEMPLATE.format(name="t", version=version, cut=cut)
            (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        return tmp_path / "study.yaml"

    return write_files


def problems_of(path, kind=StudyError):
    with pytest.raises(kind) as caught:
        read_study(path)
    return [(p.line, p.column, p.message) for p in caught.value.problems]


def test_a_row_names_its_template_and_the_study_names_that_of_the_others(write):
    manifest = "sample_id,file,template\ns1,a.fcs,\ns2,b.fcs,own.yaml\ns3,c.fcs,tbnk\n"
    path = write("study: s\ntemplate: mine.yaml\n", manifest, mine=("1.0", 5), own=("1.10", 5))

    study = read_study(path)

    found = [(study.template_of(s).name, study.template_of(s).version) for s in study.manifest.samples]
    assert found[:2] == [("t", "1.0"), ("t", "1.10")]
    assert found[2][0] == "tbnk"
    assert study.confidence_level == 0.95


def test_two_templates_of_one_name_are_both_in_the_record(write):
    manifest = "sample_id,file,template\ns1,a.fcs,one.yaml\ns2,b.fcs,two.yaml\ns3,c.fcs,two.yaml\n"
    study = read_study(write("study: s\n", manifest, one=("1", 5), two=("1", 6)))

    described = describe(study)["templates"]

    assert [(t["name"], t["version"]) for t in described] == [("t", "1"), ("t", "1")]
    assert len({t["sha256"] for t in described}) == 2


@pytest.mark.parametrize(
    ("study", "line", "column", "said"),
    [
        ("{}", 1, 1, "missing key 'study'"),
        ("study: s\ntemplat: x\n", 2, 1, "unknown key 'templat' (did you mean 'template'?)"),
        ("study: s\nconfidence_level: 95\n", 2, 19, "between 0 and 1, not at 95"),
        ("study: s\nconfidence_level: high\n", 2, 19, "expected a number, found 'high'"),
        ("study: s\nmanifest: list.csv\n", 2, 11, "no manifest 'list.csv' beside the study file"),
        ("study: s\nallow_outside: NO\n", 2, 16, "expected true or false, found 'NO'"),
        ("study: s\nstudy: t\n", 2, 1, "given twice"),
        (
            "study: s\ninstruments: [{serial: V1, volume_unit: nL, flow_ul_min: [90, 10]}]\n",
            2,
            58,
            "expected the lowest flow rate and then the highest, found 90 and 10",
        ),
        ("study: s\ninstruments: [{serial: V1, volume_unit: ml}]\n", 2, 41, "expected 'nL' or 'uL', found 'ml'"),
        ("study: s\nsubjects: who.csv\n", 2, 11, "there is no subjects file 'who.csv' beside the study file"),
        ("study: s\nreference_ranges: n.csv\n", 2, 19, "there is no table of reference ranges 'n.csv' beside"),
        ("study: s\ninstruments: [{serial: V1}]\n", 2, 15, "missing key 'volume_unit'"),
        (
            "study: s\ninstruments: [{serial: 1, volume_unit: nL}, {serial: 1, volume_unit: uL}]\n",
            2,
            54,
            "instrument '1' is there already",
        ),
        ("study: s\ntruth: t.csv\n", 2, 8, "there is no truth file 't.csv' beside the study file"),
        ("study: !!python/name:os.system\n", 1, 8, "a tag"),
        ("study: [\n", 2, 1, "not valid YAML"),
    ],
)
def test_a_wrong_study_file_is_refused_with_the_place(write, study, line, column, said):
    found = problems_of(write(study))

    assert [(p[0], p[1]) for p in found] == [(line, column)]
    assert said in found[0][2]


def test_a_study_file_lists_all_its_problems(write):
    found = problems_of(write("stud: s\nconfidence_level: high\n"))

    assert sorted(message.split("'")[1] for _, _, message in found) == ["high", "stud", "study"]


def test_a_study_file_that_is_not_utf8_is_refused(write):
    assert "save the study file as UTF-8" in problems_of(write(b"study: M\xfcller\n"))[0][2]


def test_a_study_without_any_template_says_where_to_write_one(write):
    [(_, _, message)] = problems_of(write("study: s\n"))

    assert message.startswith("manifest.csv line 2: the row names no template and the study has none")


def test_every_template_that_is_not_there_is_named_with_its_row(write):
    manifest = "sample_id,file,template\ns1,a.fcs,tbkn\ns2,b.fcs,gone.yaml\n"

    found = [message for _, _, message in problems_of(write("study: s\n", manifest))]

    assert [m.split(":")[0] for m in found] == ["manifest.csv line 2", "manifest.csv line 3"]
    assert "no template file 'tbkn'" in found[0]
    assert "(did you mean 'tbnk'?)" in found[0]
    assert "no template file 'gone.yaml'" in found[1]


def test_what_is_wrong_in_a_manifest_or_a_template_is_said_of_that_document(write):
    path = write("study: s\ntemplate: t.yaml\n", "sample_id,file\n,a.fcs\n", t=("1", "high"))

    assert problems_of(path, ManifestError)[0][:2] == (2, 1)
    (path.parent / "manifest.csv").write_text("file\na.fcs\n", encoding="utf-8")
    assert problems_of(path, TemplateError)[0][0] == 4


def test_the_instruments_of_a_study_are_in_the_record_since_numbers_depend_on_them(write):
    text = "study: s\ntemplate: t.yaml\ninstruments: [{serial: 0012, volume_unit: nL}, {serial: V2, volume_unit: uL}]\n"

    study = read_study(write(text, t=("1", 5)))

    assert study.instruments == (Instrument("0012", "nL"), Instrument("V2", "uL"))
    assert describe(study)["instruments"] == [
        {"serial": "0012", "volume_unit": "nL", "dead_volume_ul": 0.0, "flow_ul_min": (5.0, 1000.0)},
        {"serial": "V2", "volume_unit": "uL", "dead_volume_ul": 0.0, "flow_ul_min": (5.0, 1000.0)},
    ]


def test_the_truth_of_a_study_is_read_and_checked_against_its_manifest(write):
    path = write("study: s\ntemplate: t.yaml\ntruth: truth.csv\n", t=("1", 5))
    header = "sample_id,population,concentration_per_ul,live_cells,live_singlets\n"
    (path.parent / "truth.csv").write_text(f"{header}s1,A,1,2,3\n", encoding="utf-8")

    assert read_study(path).truth == (TrueCount("s1", "A", 1, 2, 3),)
    (path.parent / "truth.csv").write_text(f"{header}s2,A,1,2,3\n", encoding="utf-8")
    assert problems_of(path) == [(2, 1, "the manifest has no sample 's2'")]


def test_subjects_ranges_and_baseline_are_read_and_are_in_the_record_by_their_digests(write):
    text = "study: s\ntemplate: t.yaml\nsite_id: Basel\nsubjects: who.csv\nreference_ranges: normal.csv\nbaseline: BL\n"
    path = write(text, "sample_id,file,subject_id,visit\ns1,a.fcs,P1,BL\n", t=("1", 5))
    (path.parent / "who.csv").write_text("subject_id,sex\nP1,F\n", encoding="utf-8")
    (path.parent / "normal.csv").write_text("population,statistic,low,high,source\nA,ABS,1,2,lab\n", encoding="utf-8")

    study = read_study(path)

    assert (study.site_id, study.subjects.get("P1").sex, study.baseline) == ("Basel", "F", "BL")
    assert [r.population for r in study.references.ranges] == ["A"]
    described = describe(study)
    assert (described["site_id"], described["baseline"]) == ("Basel", "BL")
    assert {len(described[f"{name}_sha256"]) for name in ("subjects", "reference_ranges")} == {64}


def test_what_is_wrong_with_subjects_or_ranges_is_said_of_that_file(write):
    path = write("study: s\ntemplate: t.yaml\nsubjects: who.csv\n", t=("1", 5))
    (path.parent / "who.csv").write_text("subject_id,sex\nP1,female\n", encoding="utf-8")

    with pytest.raises(StudyError, match=r"who.csv:2:2 sex: expected F or M, found 'female'"):
        read_study(path)


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("sample_id,file,visit\ns1,a.fcs,BL\n", "there is no visit 'D0'; the manifest has the visits BL"),
        ("sample_id,file\ns1,a.fcs\n", "there is no visit 'D0'; the manifest names no visits"),
    ],
)
def test_a_baseline_is_a_visit_of_the_manifest(write, manifest, said):
    path = write("study: s\ntemplate: t.yaml\nbaseline: D0\n", manifest, t=("1", 5))

    assert problems_of(path) == [(3, 11, said)]


def test_the_rules_of_counting_and_the_lots_of_beads_are_read_and_recorded(write):
    text = (
        "study: s\ntemplate: t.yaml\nbead_lots: lots.csv\n"
        "counts:\n  interval: log-delta\n  percent_interval: wilson\n  cv: {pipetting: 0.05}\n"
        "  qc: {few_beads: 5000, platforms_between: [0.7, 1.5]}\n"
    )
    path = write(text, t=("1", 5))
    (path.parent / "lots.csv").write_text("bead_lot,beads_per_tube,expires_on\nA,51664,2030-01-01\n", encoding="utf-8")

    study = read_study(path)

    assert study.counts == CountRules(
        "log-delta", "wilson", TechnicalCVs(pipetting=0.05), few_beads=5000, platforms_between=(0.7, 1.5)
    )
    assert study.bead_lots["A"].beads_per_tube == 51664
    described = describe(study)
    assert (described["counts"]["cv"]["pipetting"], described["counts"]["few_beads"]) == (0.05, 5000)
    assert described["bead_lots"] == [
        {
            "bead_lot": "A",
            "beads_per_tube": 51664.0,
            "beads_per_ul": None,
            "cv_percent": None,
            "ratio_a_to_b": None,
            "expires_on": "2030-01-01",
        }
    ]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ("{interval: wald}", "expected 'exact' or 'log-delta', found 'wald'"),
        ("{cv: {pipetting: 0.05}}", "technical errors enter the interval log-delta alone; write interval: log-delta"),
        ("{interval: log-delta, cv: {pipetting: 5}}", "less than 1"),
        ("{qc: {min_beads: 5000}}", "few_beads 2500 is below min_beads 5000"),
        ("{qc: {bead_share_cv: 0.5}}", "bead_share_cv_most 0.3 is below bead_share_cv 0.5"),
        ("{qc: {beads: 5000}}", "unknown key 'beads'"),
        ("{qc: {platforms_between: [1.1, 1.25]}}", "expected a ratio below 1 and one above, found 1.1 and 1.25"),
        ("{qc: {platforms_between: [0.8]}}", "expected at least 2 items, found 1"),
        ("{qc: {masked_volume: yes}}", "expected 'refused' or 'confirmed', found 'yes'"),
    ],
)
def test_rules_of_counting_that_cannot_be_are_refused(write, counts, said):
    found = problems_of(write(f"study: s\ntemplate: t.yaml\ncounts: {counts}\n", t=("1", 5)))

    assert [said in message for *_, message in found] == [True]


def test_a_table_of_bead_lots_that_is_not_there_is_told(write):
    found = problems_of(write("study: s\ntemplate: t.yaml\nbead_lots: lots.csv\n", t=("1", 5)))

    assert found == [(3, 12, "there is no table of bead lots 'lots.csv' beside the study file")]


KEYS = ("manifest", "template", "bead_lots", "assay_limits", "subjects", "reference_ranges", "truth")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../x.csv", "lies outside the study folder; move it there or set allow_outside: true"),
        ("/etc/hostname", "lies outside the study folder"),
        ("away/x.csv", "lies outside the study folder"),
        ("C:/x.csv", "with forward slashes"),
        ("'\\\\server\\x.csv'", "with forward slashes"),
        ("~/x.csv", "~ stands for no folder"),
        ("NUL", "name of a device"),
        ("/dev/stdin", "is a device"),
        ("file:x.csv", "is an address"),
    ],
)
def test_no_path_of_a_study_leads_out_of_its_folder(write, tmp_path, key, name, said):
    (tmp_path / "away").symlink_to("..")

    [(line, _, message)] = problems_of(write(f"study: s\n{key}: {name}\n"))

    assert line == 2
    assert said in message


@pytest.mark.parametrize("key", KEYS)
def test_a_study_may_allow_every_path_to_lead_out(write, tmp_path, key):
    path = write(f"study: s\nallow_outside: true\n{key}: ../absent.csv\n")

    with pytest.raises(StudyError, match=r"no .*'\.\./absent\.csv'") as caught:
        read_study(path)

    assert "outside" not in str(caught.value)


def test_a_template_in_a_row_lies_in_the_study_folder(write):
    manifest = "sample_id,file,template\ns1,a.fcs,../t.yaml\ns2,b.fcs,tbnk\n"

    found = problems_of(write("study: s\n", manifest), ManifestError)

    assert found == [(2, 3, "'../t.yaml' lies outside the study folder; move it there or set allow_outside: true")]


def test_a_matrix_of_a_template_lies_in_the_study_folder_which_may_be_above_the_template(write, tmp_path):
    study = tmp_path / "study"
    (study / "templates").mkdir(parents=True)
    for name in ("study/in.csv", "out.csv"):
        (tmp_path / name).write_text("A,B\n1,0\n0,1\n", encoding="utf-8")
    (study / "manifest.csv").write_text("sample_id,file\ns1,a.fcs\n", encoding="utf-8")
    text = (
        "template: t\nversion: 1\ncompensation: {}\npopulations:\n  - {{name: A, above: {{channel: FSC-A, cut: 5}}}}\n"
    )
    told = {}
    for matrix in ("../in.csv", "../../out.csv"):
        for allowed in ("false", "true"):
            (study / "templates/t.yaml").write_text(text.format(matrix), encoding="utf-8")
            (study / "study.yaml").write_text(f"study: s\ntemplate: templates/t.yaml\nallow_outside: {allowed}\n")
            try:
                read_study(study / "study.yaml")
            except TemplateError as e:
                told[matrix, allowed] = [(p.line, p.column, p.message) for p in e.problems]

    outside = "'../../out.csv' lies outside the study folder; move it there or set allow_outside: true"
    assert told == {("../../out.csv", "false"): [(3, 15, outside)]}

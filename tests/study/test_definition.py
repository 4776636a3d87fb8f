"""Study files, good and bad."""

import pytest

from cytoproc.errors import ManifestError, StudyError, TemplateError
from cytoproc.study.definition import Instrument, describe, read_study
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
        ("study: s\ninstruments: [{serial: V1, volume_unit: ml}]\n", 2, 41, "expected 'nL' or 'uL', found 'ml'"),
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
        {"serial": "0012", "volume_unit": "nL"},
        {"serial": "V2", "volume_unit": "uL"},
    ]


def test_the_truth_of_a_study_is_read_and_checked_against_its_manifest(write):
    path = write("study: s\ntemplate: t.yaml\ntruth: truth.csv\n", t=("1", 5))
    header = "sample_id,population,concentration_per_ul,live_cells,live_singlets\n"
    (path.parent / "truth.csv").write_text(f"{header}s1,A,1,2,3\n", encoding="utf-8")

    assert read_study(path).truth == (TrueCount("s1", "A", 1, 2, 3),)
    (path.parent / "truth.csv").write_text(f"{header}s2,A,1,2,3\n", encoding="utf-8")
    assert problems_of(path) == [(2, 1, "the manifest has no sample 's2'")]

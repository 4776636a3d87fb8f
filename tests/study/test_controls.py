"""Which control measures the background of which sample, and what is refused."""

import re
from dataclasses import replace

import pytest

from cytoproc.errors import StudyError
from cytoproc.study.controls import check_controls, find_controls
from cytoproc.study.definition import read_study
from cytoproc.templates.reading import parse_template
from tests.study.counted import TUBE_T, sample_of

MEASURED = parse_template("""\
template: measured
version: "1"
markers: [CD3, CAR]
populations:
  - {name: T, above: {channel: CD3, cut: 100}}
  - {name: CAR+, parent: T, above: {channel: CAR, cut: 100}}
limits: {background: [{population: CAR+, controls: [fmo:CAR, pre_infusion]}]}
""")
KINDS = ("fmo:CAR", "pre_infusion")
TEMPLATES = {"M": MEASURED, "the same": MEASURED, "T": TUBE_T}


def row(sample_id, control="", *, template="M", **columns):
    sample = sample_of(sample_id, template, control=control)
    return replace(sample, columns=(*sample.columns, *columns.items()))


def serving(sample, *controls):
    """The ids of the controls that serve a sample."""
    found, _ = find_controls([sample, *controls], TEMPLATES).serving(sample, KINDS)
    return [c.sample_id for c in found]


SAMPLE = row("s", subject_id="P1", specimen_id="D14", acquisition_batch="monday", tube="T")


def test_a_control_of_the_specimen_comes_before_one_of_the_batch_and_that_before_one_of_the_study():
    specimen = row("specimen", "fmo:CAR", subject_id="P1", specimen_id="D14", tube="T")
    batch = row("batch", "fmo:CAR", subject_id="P2", specimen_id="D28", acquisition_batch="monday", tube="T")
    study = row("study", "fmo:CAR", acquisition_batch="friday", tube="T")

    assert serving(SAMPLE, study, batch, specimen) == ["specimen"]
    assert serving(SAMPLE, study, batch) == ["batch"]
    assert serving(SAMPLE, study) == ["study"]


def test_a_specimen_of_the_same_name_is_another_of_another_subject():
    other = row("other", "fmo:CAR", subject_id="P2", specimen_id="D14", tube="T")
    batch = row("batch", "fmo:CAR", acquisition_batch="monday", tube="T")

    assert serving(SAMPLE, other, batch) == ["batch"]


@pytest.mark.parametrize(
    "control",
    [
        row("c", "fmo:CAR", tube="B"),
        row("c", "fmo:CAR", tube="T", template="T"),
        row("c", "fmo:PD-1", tube="T"),
        row("c", "unstained", tube="T"),
        row("c", "", tube="T"),
    ],
)
def test_a_control_of_another_tube_template_or_kind_serves_nobody(control):
    assert serving(SAMPLE, control) == []


def test_capitals_of_a_kind_and_the_name_by_which_a_template_is_called_make_no_difference():
    assert serving(SAMPLE, row("c", "FMO:car", tube="T", template="the same")) == ["c"]


def test_samples_without_a_batch_or_specimen_share_none():
    lonely = row("s", tube="T")

    assert serving(lonely, row("a", "fmo:CAR", tube="T"), row("b", "fmo:CAR", tube="T")) == ["a", "b"]
    assert find_controls([lonely], TEMPLATES).serving(lonely, KINDS) == ((), ())


def test_the_first_kind_that_has_one_serves_however_near_another_is():
    near = row("near", "pre_infusion", subject_id="P1", tube="T")

    assert serving(SAMPLE, near, row("far", "fmo:CAR", tube="T")) == ["far"]
    assert serving(SAMPLE, near) == ["near"]


def test_blood_before_infusion_is_the_background_of_its_own_subject_alone():
    own = row("own", "pre_infusion", subject_id="P1", specimen_id="BL", tube="T")
    another = row("another", "pre_infusion", subject_id="P2", acquisition_batch="monday", tube="T")
    donor = row("donor", "pre_infusion", acquisition_batch="friday", tube="T")

    assert serving(SAMPLE, another, own, donor) == ["own"]
    assert serving(SAMPLE, another, donor) == ["donor"]
    assert serving(SAMPLE, another) == []


def test_no_control_serves_a_control():
    assert serving(row("c", "pre_infusion", tube="T"), row("fmo", "fmo:CAR", tube="T")) == []


# What is refused


def told(*samples):
    return [p.message for p in check_controls(samples, TEMPLATES)]


@pytest.mark.parametrize(
    ("columns", "what_to_do"),
    [
        ({"subject_id": "P1", "specimen_id": "D14"}, "of its specimen: .* leave one of them, or give them part or"),
        ({"acquisition_batch": "monday"}, "of its acquisition_batch: .* leave one of them in that batch"),
        ({}, "of the study, and none is nearer: .* give the sample the acquisition_batch of the one that serves it"),
    ],
)
def test_two_controls_that_are_equally_near_are_refused(columns, what_to_do):
    [message] = told(SAMPLE, row("a", "fmo:CAR", tube="T", **columns), row("b", "fmo:CAR", tube="T", **columns))

    assert "2 controls 'fmo:CAR' of one tube are" in message
    assert "which one tells the background of sample 's'?" in message

    assert re.search(what_to_do, message)


def test_controls_that_serve_nobody_may_be_as_many_as_they_like():
    others = [row(name, "fmo:CD3", tube="T") for name in "ab"]

    assert told(SAMPLE, *others) == []
    assert told(*(row(name, "fmo:CAR", tube="T") for name in "ab")) == []


def test_an_fmo_of_a_marker_that_the_template_has_not_is_refused_since_it_would_serve_nobody_unseen():
    slip = replace(row("a", "fmo:CARR", tube="T"), place="manifest.csv line 3")

    [message] = told(SAMPLE, slip)

    assert message == (
        "manifest.csv line 3: control 'fmo:CARR': template 'measured' has no marker 'CARR' (did you mean 'CAR'?)"
    )


def test_a_nearer_control_leaves_no_doubt():
    far = [row(name, "fmo:CAR", tube="T") for name in "ab"]

    assert told(SAMPLE, *far, row("near", "fmo:CAR", acquisition_batch="monday", tube="T")) == []


def test_one_pair_of_controls_is_told_once_however_many_samples_it_would_serve():
    samples = [row(f"s{i}", tube="T") for i in range(5)]

    assert len(told(*samples, row("a", "fmo:CAR", tube="T"), row("b", "fmo:CAR", tube="T"))) == 1


def test_one_control_in_several_files_is_one():
    parts = [row(f"c{i}", "fmo:CAR", subject_id="P1", specimen_id="D14", tube="T", part=str(i)) for i in (1, 2)]

    assert told(SAMPLE, *parts) == []


def test_of_a_control_in_several_files_the_pooled_one_serves():
    parts = [row(f"c{i}", "fmo:CAR", tube="T", specimen_id="D14", subject_id="P1", part=str(i)) for i in (1, 2)]
    members = [replace(part, pooled_into="c1+c2") for part in parts]

    assert serving(SAMPLE, *members, replace(parts[0], sample_id="c1+c2")) == ["c1+c2"]


def test_a_study_with_two_controls_alike_is_refused_with_both_lines(tmp_path):
    (tmp_path / "study.yaml").write_text("study: s\ntemplate: m.yaml\n", encoding="utf-8")
    (tmp_path / "m.yaml").write_text(
        "template: m\nversion: '1'\nmarkers: [CAR]\npopulations:\n  - {name: CAR+, above: {channel: CAR, cut: 1}}\n"
        "limits: {background: [{population: CAR+, controls: fmo:CAR}]}\n",
        encoding="utf-8",
    )
    (tmp_path / "manifest.csv").write_text(
        "sample_id,file,control\ns,s.fcs,\na,a.fcs,fmo:CAR\nb,b.fcs,fmo:CAR\n", encoding="utf-8"
    )

    with pytest.raises(StudyError) as caught:
        read_study(tmp_path / "study.yaml")

    assert "manifest.csv line 2: 2 controls" in str(caught.value)
    assert "'a' (manifest.csv line 3) and 'b' (manifest.csv line 4)" in str(caught.value)

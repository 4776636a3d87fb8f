"""The name of a run."""

from dataclasses import replace

import pytest

from cytoproc.model.results import SampleResult
from cytoproc.study.run_id import run_id
from tests.study.counted import sample_of, study_of

FILES = (SampleResult("a", "a.fcs", "1" * 64), SampleResult("b", "b.fcs", "2" * 64))
STUDY = study_of(sample_of("a", "T"), sample_of("b", "T"))


def test_the_same_inputs_have_the_same_id_whatever_their_order():
    assert run_id(FILES, STUDY) == run_id(FILES[::-1], STUDY)
    assert len(run_id(FILES, STUDY)) == 16


@pytest.mark.parametrize(
    ("files", "study"),
    [
        ((FILES[0], replace(FILES[1], sha256="3" * 64)), STUDY),
        (FILES[:1], STUDY),
        ((replace(FILES[0], sha256="2" * 64), replace(FILES[1], sha256="1" * 64)), STUDY),
        (FILES, replace(STUDY, confidence_level=0.9)),
        (FILES, replace(STUDY, baseline="BL")),
        (FILES, replace(STUDY, manifest=replace(STUDY.manifest, digest="4" * 64))),
        (FILES, replace(STUDY, templates={"T": replace(STUDY.templates["T"], digest="5" * 64)})),
    ],
)
def test_another_input_has_another_id(files, study):
    assert run_id(files, study) != run_id(FILES, STUDY)

"""The sheet QC: what was found about each sample."""

import re

from cytoproc.export.advice import ADVICE
from cytoproc.export.quality import quality_table
from cytoproc.model.results import QCFlag, Repair, SampleResult, Severity
from tests.study.counted import DRAW, sample_of, study_of

STUDY = study_of(sample_of("a", "T", visit="D14", **DRAW), sample_of("b", "T"), sample_of("c", "T"))


def lines(*results):
    return list(quality_table(results, STUDY).rows())


def test_a_sample_without_findings_has_a_line_that_says_so():
    assert lines(SampleResult("a", "a.fcs")) == [("a", "P1", "D14", "", "pass", "", "nothing found", "")]


def test_each_finding_is_a_line_the_gravest_first_with_what_to_do():
    flags = (
        QCFlag("SPILL_NOT_APPLIED", "not undone", Severity.INFO),
        QCFlag("FEW_BEADS", "300 beads"),
        QCFlag("GVHD", "alarm", Severity.FAIL),
    )
    result = SampleResult("b", "b.fcs", flags=flags, repairs=(Repair("FCS_LATIN1", "not UTF-8"),))

    found = [line[4:] for line in lines(result)]

    assert [line[:3] for line in found] == [
        ("fail", "GVHD", "alarm"),
        ("warn", "FEW_BEADS", "300 beads"),
        ("info", "SPILL_NOT_APPLIED", "not undone"),
        ("repaired", "FCS_LATIN1", "not UTF-8"),
    ]
    assert found[1][3] == ADVICE["FEW_BEADS"]


def test_a_file_that_failed_has_its_error_and_the_samples_keep_their_order():
    failed = SampleResult("c", "c.fcs", error_code="FILE_NOT_FOUND", error="there is no file 'c.fcs'")

    found = lines(failed, SampleResult("a", "a.fcs"))

    assert [line[0] for line in found] == ["c", "a"]
    assert found[0][4:] == ("fail", "FILE_NOT_FOUND", "there is no file 'c.fcs'", ADVICE["FILE_NOT_FOUND"])


def test_a_study_of_no_samples_has_a_header_alone():
    assert quality_table([], STUDY).n_rows == 0


def test_what_to_do_is_what_the_page_about_results_says(repository):
    page = (repository / "docs/reference/results.md").read_text(encoding="utf-8")
    told = {}
    for line in page.split("### qc_status and qc_flags")[1].splitlines():
        if line.startswith("| `"):
            codes, *_, to_do = [cell.strip() for cell in line.strip("|").split("|")]
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", to_do).replace("`", "")
            told |= dict.fromkeys(re.findall(r"`([A-Z_]+)`", codes), plain)

    assert {code: told.get(code) for code in ADVICE} == ADVICE

import math
from pathlib import Path

import pytest

from cytoproc.cli.visits import format_visits, shown_by_visit
from cytoproc.study.definition import Study
from cytoproc.study.manifest import Manifest, Sample
from cytoproc.study.truth import TrueCount
from cytoproc.templates.reading import parse_template
from tests.export.rows import result_row

TUBE_T = parse_template("""\
template: tube T
version: "1"
markers: [CD3, CAR]
populations:
  - {name: Lymphs, above: {channel: FSC-A, cut: 100}}
  - {name: T cells, parent: Lymphs, above: {channel: CD3, cut: 100}}
  - {name: CAR+, parent: T cells, above: {channel: CAR, cut: 100}}
  - {name: B cells, parent: Lymphs, below: {channel: CD3, cut: 100}}
report:
  - {population: T cells, percent_of: [Lymphs], concentration: true}
  - {population: CAR+, percent_of: [T cells, Lymphs], concentration: true, headline: true}
  - {population: B cells, concentration: true, headline: true}
""")
TUBE_B = parse_template("""\
template: tube B
version: "1"
markers: [CD19, IgD]
populations:
  - {name: B cells, above: {channel: CD19, cut: 100}}
  - {name: Naive, parent: B cells, above: {channel: IgD, cut: 100}}
report:
  - {population: B cells, concentration: true}
  - {population: Naive, percent_of: [B cells], concentration: true}
""")
CAR, B_OF_T = "Lymphs/T cells/CAR+", "Lymphs/B cells"
LIMITS = {"lod_events": 20, "lloq_events": 50}


def tube(sample_id, *, subject="P1", visit="D14", day="14", kind="T", **more):
    columns = {"subject_id": subject, "visit": visit, "day": day, "tube": kind, "template": kind, **more}
    return Sample(sample_id, Path(f"{sample_id}.fcs"), f"{sample_id}.fcs", tuple(columns.items()))


def study_of(*samples, truth=(), level=0.95):
    known = tuple(TrueCount(sample_id, name, value, math.nan, math.nan) for sample_id, name, value in truth)
    return Study("toy", Manifest(samples), {"T": TUBE_T, "B": TUBE_B}, level, truth=known)


def concentration(sample_id, path, numbers, status="QUANT", **more):
    """A concentration: its value, and both ends of its interval."""
    return result_row(sample_id, path, "ABS", **_of(numbers), status=status, **LIMITS | more)


def percent(sample_id, path, of, numbers, status="QUANT", **more):
    """A percentage: its value, and both ends of its interval."""
    return result_row(sample_id, path, "PCT", denominator_id=of, **_of(numbers), status=status, **LIMITS | more)


def _of(numbers):
    return dict(zip(("value_raw", "ci_low", "ci_high"), numbers, strict=True))


def events(sample_id, path, n):
    return result_row(sample_id, path, "COUNT", n_events=n, value_raw=n, status="QUANT")


def part_of(lines, label):
    """The lines below the header that begins with this label, up to the next empty one."""
    [start] = [i for i, line in enumerate(lines) if line.startswith(f" {label}") and "day" in line]
    return lines[start + 1 : [*lines, ""].index("", start)]


def test_a_visit_is_a_line_with_events_percentage_and_concentration():
    rows = [
        events("a", CAR, 841),
        percent("a", CAR, "Lymphs/T cells", (24.4122, 22.98, 25.87)),
        percent("a", CAR, "Lymphs", (20.5, 19, 22)),
        concentration("a", CAR, (85.23, 79.51, 91.24)),
    ]

    lines = format_visits(rows, study_of(tube("a")))

    assert lines[:3] == [
        "P1",
        " CAR+     day  events  % of T cells      cells/µL",
        "   D14     14     841  24.4 (23.0–25.9)  85.2 (79.5–91.2)",
    ]
    assert "in brackets: the 95 % interval" in lines


def test_visits_stand_in_order_of_day_and_subjects_and_tubes_in_that_of_the_manifest():
    samples = [
        tube("p2", subject="P2"),
        tube("late", visit="M6", day="180"),
        tube("b", kind="B"),
        tube("mid"),
        tube("early", visit="BL", day="-7"),
    ]
    rows = [concentration("late", CAR, (1, 0.5, 2))]

    lines = format_visits(rows, study_of(*samples))

    assert [line for line in lines if line and not line.startswith(" ")][:2] == ["P2", "P1"]
    of_p1 = lines[lines.index("P1") :]
    assert [line.split()[:2] for line in part_of(of_p1, "CAR+")] == [["BL", "-7"], ["D14", "14"], ["M6", "180"]]
    labels = [line.split("  ")[0].strip() for line in of_p1 if "day" in line]
    assert labels == ["CAR+", "B cells (T)", "B cells (B)", "Naive"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (concentration("a", CAR, (0.05, 0.01, 0.2934), "ND", lloq_value=1.5), "ND <0.293"),
        (concentration("a", CAR, (0.05, math.nan, math.nan), "ND", n_events=3), "ND (3)"),
        (concentration("a", CAR, (3.1, 2.2, 4.3), "BLQ", lloq_value=5.013), "BLQ <5.01"),
        (concentration("a", CAR, (3.1, 2.2, 4.3), "BLQ", n_events=31), "BLQ (31)"),
        (concentration("a", CAR, (20.899, math.nan, math.nan)), "20.9"),
        (concentration("a", CAR, (12345.6, 12000.4, 12700.0)), "12346 (12000–12700)"),
        (concentration("a", CAR, (0.1982, 0.0797, 0.4084)), "0.198 (0.080–0.408)"),
        (concentration("a", CAR, (0, 0, math.nan), "INVALID", value_char="invalid (NO_BEADS)"), "INVALID (NO_BEADS)"),
        (concentration("a", CAR, (0, 0, 1), "NOT_DONE", value_char="not done"), "NOT_DONE"),
        (concentration("a", CAR, (0, 0, 1), "NOT_EVALUABLE", value_char="not evaluable (7 events)"), "NOT_EVALUABLE"),
    ],
)
def test_a_concentration_is_a_number_with_its_interval_or_says_why_not(row, said):
    [line] = part_of(format_visits([row], study_of(tube("a"))), "CAR+")

    assert line.split(maxsplit=2)[2] == said


def test_each_status_on_the_screen_is_explained_and_no_other():
    rows = [
        concentration("a", CAR, (0.1, 0, 0.3), "ND"),
        percent("a", CAR, "Lymphs/T cells", (1, 0.5, 2), "BLQ", lloq_value=2.5),
        concentration("a", "Lymphs/T cells", (1, 0, 2), "INVALID"),  # not a headline, so not on the screen
    ]

    lines = format_visits(rows, study_of(tube("a")))

    assert "ND <x: not detected, fewer than 20 events; x is the upper end of the interval" in lines
    assert "BLQ <x: seen, but fewer than 50 events, from which there is a number; x is that limit" in lines
    assert not any(line.startswith(("in brackets", "INVALID", "NOT_EVALUABLE")) for line in lines)


@pytest.mark.parametrize(
    ("true", "row", "said"),
    [
        (85, concentration("a", CAR, (80, 75, 85)), "85  inside"),
        (85.01, concentration("a", CAR, (80, 75, 85)), "85.01  OUTSIDE"),
        (74, concentration("a", CAR, (80, 75, 85)), "74  OUTSIDE"),
        (0, concentration("a", CAR, (0.1, 0.02, 0.3), "ND"), "0  inside"),  # only the upper limit is said
        (0.4, concentration("a", CAR, (0.1, 0.02, 0.3), "ND"), "0.4  OUTSIDE"),
        (5, concentration("a", CAR, (1, 0, 9), "NOT_EVALUABLE"), "5"),
        (5, concentration("a", CAR, (6, math.nan, math.nan)), "5"),
        (12345.6, concentration("a", CAR, (12000, 11000, 13000)), "12346  inside"),
    ],
)
def test_a_known_truth_stands_beside_the_number_and_whether_it_fits(true, row, said):
    [line] = part_of(format_visits([row], study_of(tube("a"), truth=[("a", "CAR+", true)])), "CAR+")

    assert line.split("  ", 3)[3].split("  ", 1)[1].strip().endswith(said)


def test_the_truth_of_a_path_goes_before_that_of_a_name():
    truth = [("a", "B cells", 1), ("a", B_OF_T, 2)]
    rows = [concentration("a", B_OF_T, (1.5, 1.4, 2.1))]

    lines = format_visits(rows, study_of(tube("a"), truth=truth))

    assert part_of(lines, "B cells")[0].endswith("2  inside")
    assert "true cells/µL: inside the interval 1 of 1" in lines


def test_all_populations_with_a_truth_are_judged_also_those_not_shown():
    truth = [(sample, "T cells", 500) for sample in "abcd"] + [("a", "CAR+", 80)]
    rows = [concentration(sample, "Lymphs/T cells", (100, 90, 110)) for sample in "abcd"]
    rows += [concentration("a", CAR, (80, 75, 85))]

    lines = format_visits(rows, study_of(*map(tube, "abcd"), truth=truth))

    assert "true cells/µL: inside the interval 1 of 5" in lines
    assert "  outside: a T cells, b T cells, c T cells and 1 more" in lines


def test_controls_are_counted_and_not_shown():
    rows = [concentration("a", CAR, (80, 75, 85)), events("fmo", CAR, 99)]

    lines = format_visits(rows, study_of(tube("a"), tube("fmo", control="fmo:CAR", visit="FMO")))

    assert len(part_of(lines, "CAR+")) == 1
    assert "not shown: 1 control(s)" in lines


def test_a_file_that_failed_is_a_line_with_its_code():
    rows = [concentration("a", CAR, (80, 75, 85)), result_row("b", qc_flags="FCS_TRUNCATED", status="INVALID")]

    lines = format_visits(rows, study_of(tube("a"), tube("b", visit="M6", day="180")))

    assert part_of(lines, "CAR+")[1].split() == ["M6", "180", "FCS_TRUNCATED"]
    assert lines[-2:] == ["flagged (the comment column of results.csv says more):", "  FCS_TRUNCATED: b"]


def test_flags_are_listed_by_code_with_the_first_samples():
    flags = dict.fromkeys("abcd", "SINGLET_LOSS") | {"a": "SINGLET_LOSS;NOT_CONTAINED"}
    rows = [concentration(sample, CAR, (80, 75, 85), qc_flags=codes) for sample, codes in flags.items()]

    lines = format_visits(rows, study_of(*map(tube, "abcd")))

    assert lines[-2:] == ["  SINGLET_LOSS: a, b, c and 1 more", "  NOT_CONTAINED: a"]


def test_two_tubes_of_one_visit_are_told_apart_by_their_samples():
    rows = [concentration("a", CAR, (80, 75, 85)), concentration("b", CAR, (82, 77, 88))]

    lines = format_visits(rows, study_of(tube("a"), tube("b")))

    assert [line.split()[:2] for line in part_of(lines, "CAR+")] == [["D14", "a"], ["D14", "b"]]


def test_a_sample_of_which_only_the_file_is_known_goes_by_its_name():
    rows = [concentration("a", CAR, (80, 75, 85))]

    lines = format_visits(rows, study_of(tube("a", subject="", visit="", day="")))

    assert lines[:3] == ["a", " CAR+     cells/µL", "   a      80.0 (75.0–85.0)"]


def test_a_study_without_concentrations_is_not_shown_by_visit():
    study = study_of(tube("a"), tube("b", kind="B"))

    assert shown_by_visit([percent("a", CAR, "Lymphs", (1, 0, 2))], study) == set()
    assert shown_by_visit([concentration("a", CAR, (1, 0, 2))], study) == {"T", "B"}


def many(n_subjects):
    """A T tube and a B tube of each subject at two visits, and their rows."""
    samples, rows = [], []
    for n in range(1, n_subjects + 1):
        for visit, day in (("D14", "14"), ("BL", "-7")):
            for kind, paths in (("T", (CAR, B_OF_T)), ("B", ("B cells", "B cells/Naive"))):
                sample_id = f"{n}-{visit}-{kind}"
                more = {"subject": f"P{n}", "specimen_id": f"{n}-{visit}", "visit": visit, "day": day, "kind": kind}
                samples.append(tube(sample_id, **more))
                rows += [concentration(sample_id, path, (1000 + n, 900, 1100)) for path in paths]
    return samples, rows


def test_more_than_three_subjects_have_one_line_a_specimen_with_all_its_tubes():
    three, four = (format_visits(rows, study_of(*samples)) for samples, rows in map(many, (3, 4)))

    assert sum(line.startswith(" CAR+") for line in three) == 3
    assert four[0] == "cells/µL"
    assert four[1].split("  ")[0].strip() == "subject"
    assert [line.split()[:3] for line in four[2:6]] == [
        ["P1", "BL", "-7"],
        ["P1", "D14", "14"],
        ["P2", "BL", "-7"],
        ["P2", "D14", "14"],
    ]
    assert four[2].count("1001 (900–1100)") == 4


def test_a_specimen_with_two_tubes_of_a_kind_has_two_lines():
    samples, rows = many(4)
    again = tube("again", subject="P1", specimen_id="1-BL", visit="BL", day="-7")

    lines = format_visits([*rows, concentration("again", CAR, (7, 6, 8))], study_of(*samples, again))

    assert [line.split()[:4] for line in lines[2:4]] == [["P1", "BL", "-7", "1001"], ["P1", "BL", "-7", "7.00"]]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_what_does_not_fit_is_left_out_and_said_to_be_elsewhere(width):
    samples, rows = many(4)

    lines = format_visits(rows, study_of(*samples), width=width)

    n_shown = lines[2].count("(")
    said = [line for line in lines if "more populations" in line]
    assert max(map(len, lines[:10])) <= width
    assert said == (
        [f"{4 - n_shown} more populations, and all percentages, are in results.xlsx"] if n_shown < 4 else []
    )
    assert n_shown == {60: 2, 80: 3, 120: 4}[width]


def test_on_a_narrow_screen_a_percentage_loses_its_interval_and_the_concentration_keeps_it():
    rows = [
        events("a", CAR, 841),
        percent("a", CAR, "Lymphs/T cells", (24.4122, 22.98, 25.87)),
        concentration("a", CAR, (85.23, 79.51, 91.24)),
    ]

    lines = format_visits(rows, study_of(tube("a")), width=55)

    assert lines[2] == "   D14     14     841  24.4          85.2 (79.5–91.2)"


def test_without_headlines_what_is_counted_is_shown_up_to_six():
    names = [f"P{n}" for n in range(8)]
    template = parse_template(
        "template: eight\nversion: '1'\nmarkers: [CD3]\npopulations:\n"
        + "".join(f"  - {{name: {n}, above: {{channel: CD3, cut: 100}}}}\n" for n in names)
        + "report:\n  - {population: root, percent_of: [root]}\n" * 0
        + "report:\n"
        + "".join(f"  - {{population: {n}, concentration: true}}\n" for n in names)
    )
    study = Study("toy", Manifest((tube("a"),)), {"T": template})

    lines = format_visits([concentration("a", name, (1, 0.5, 2)) for name in names], study)

    assert [line.split()[0] for line in lines if " day " in line] == names[:6]

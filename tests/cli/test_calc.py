import json
import shlex

import pytest

from cytoproc.cli.calc import Method
from cytoproc.quantify.percent import PERCENT_INTERVALS

KEYS = ["value", "ci_low", "ci_high", "ci_method", "ci_level", "unit", "status"]
TUBE = "--beads 18250 --beads-added 51664 --sample-volume-ul 100"
BEADS = f"beads --events 412 {TUBE}"
VOLUME = "volumetric --events 640 --vol-nl 85000 --dilution-factor 10"
DUAL = "dual --alc 1.42 --events 365 --parent-events 24800"
PERCENT = "percent --events 3 --parent-events 30000"
NEEDED = "needed --frequency 1e-4 --events 50"


@pytest.fixture
def calc(run):
    """Compute; gives what the command line ended with."""
    return lambda command: run("calc", *shlex.split(command))


@pytest.fixture
def number(calc):
    """Compute; gives the JSON."""

    def compute(command):
        done = calc(f"{command} --json")
        assert (done.code, done.err) == (0, "")
        return json.loads(done.out)

    return compute


# The worked examples


@pytest.mark.parametrize(
    ("command", "digits", "expected", "method"),
    [
        (BEADS, 3, [11.663, 10.553, 12.860], "conditional-binomial"),
        (f"{BEADS} --cv-pipetting 0.05 --cv-beads 0.02", 3, [11.663, 10.101, 13.467], "log-delta"),
        (f"beads --events 7 {TUBE}", 4, [0.1982, 0.0797, 0.4084], "conditional-binomial"),
        (f"beads --events 0 {TUBE}", 4, [0, 0, 0.1044], "conditional-binomial"),
        (f"beads --events 0 {TUBE} --level 0.9", 4, [0, 0, 0.0848], "conditional-binomial"),
        (
            "beads --events 1530 --beads 9800 --beads-added 51000 --sample-volume-ul 200",
            3,
            [39.811, 37.699, 42.020],
            "conditional-binomial",
        ),
        (VOLUME, 3, [75.294, 69.573, 81.360], "garwood"),
        (f"{DUAL} --cv-alc 0.03", 2, [20.90, 18.58, 23.51], "log-delta"),
        ("percent --events 365 --parent-events 24800 --method wilson", 4, [1.4718, 1.3292, 1.6293], "wilson"),
        (PERCENT, 5, [0.01, 0.00206, 0.02922], "clopper-pearson"),
        (f"{PERCENT} --method wilson", 5, [0.01, 0.00340, 0.02940], "wilson"),
        (f"{PERCENT} --method jeffreys", 5, [0.01, 0.00282, 0.02669], "jeffreys"),
        ("percent --events 0 --parent-events 30000", 5, [0, 0, 0.01230], "clopper-pearson"),
        ("percent --events 0 --parent-events 30000 --method wilson", 5, [0, 0, 0.01280], "wilson"),
        ("percent --events 0 --parent-events 30000 --method jeffreys", 5, [0, 0, 0.00837], "jeffreys"),
    ],
)
def test_the_worked_examples(number, command, digits, expected, method):
    found = number(command)

    assert list(found) == KEYS
    assert [round(found[key], digits) for key in ("value", "ci_low", "ci_high")] == expected
    assert found["ci_method"] == method
    assert found["ci_level"] == (0.9 if "--level" in command else 0.95)
    assert found["unit"] == ("%" if command.startswith("percent") else "cells/µL")


def test_a_blood_count_without_its_error_has_the_interval_of_counting(number):
    found = number(DUAL)

    assert round(found["value"], 3) == 20.899
    assert [round(found[key], 2) for key in ("ci_low", "ci_high")] == [18.82, 23.14]
    assert (found["ci_method"], found["ci_level"]) == ("clopper-pearson", 0.95)
    assert found["status"] == "QUANT"


def test_the_volume_s_error_chooses_log_delta(number):
    assert number(f"{VOLUME} --cv-volume 0.02")["ci_method"] == "log-delta"


def test_no_events_get_an_exact_upper_limit_though_an_error_was_given(number):
    beads = number(f"beads --events 0 {TUBE} --cv-beads 0.02")
    dual = number("dual --alc 1.42 --events 0 --parent-events 24800 --cv-alc 0.03")

    assert (beads["ci_method"], round(beads["ci_high"], 4)) == ("conditional-binomial", 0.1044)
    assert dual["ci_method"] == "mover"
    assert dual["ci_high"] > 0.21


def test_blood_that_was_diluted_before_holds_so_many_times_as_much(number):
    assert number(f"{BEADS} --predilution 2")["value"] == pytest.approx(2 * number(BEADS)["value"])


def test_how_many_parent_events_are_needed(number):
    found = number(NEEDED)

    assert (found["value"], found["unit"], found["status"]) == (500_000, "events", None)
    assert [found[key] for key in KEYS[1:5]] == [None] * 4
    assert (found["sure_probability"], round(found["sure_value"])) == (0.95, 621_711)


# Status


@pytest.mark.parametrize(
    ("events", "status"), [(0, "ND"), (19, "ND"), (20, "BLQ"), (49, "BLQ"), (50, "QUANT"), (412, "QUANT")]
)
def test_the_status_goes_by_events_and_the_estimate_is_always_there(number, events, status):
    found = number(f"beads --events {events} {TUBE}")

    assert found["status"] == status
    assert found["value"] == pytest.approx(events / 18_250 * 516.64)


def test_other_limits_move_the_status(number):
    limits = "--detect-events 13 --lloq-events 22"

    assert [number(f"percent --events {n} --parent-events 1000 {limits}")["status"] for n in (12, 13, 22)] == [
        "ND",
        "BLQ",
        "QUANT",
    ]


@pytest.mark.parametrize("command", ["percent", "dual --alc 1"])
def test_a_share_of_few_events_is_not_evaluable(number, command):
    found = number(f"{command} --events 3 --parent-events 49")

    assert found["status"] == "NOT_EVALUABLE"
    assert found["value"] > 0


# For people


def test_beads_can_be_followed_with_a_pocket_calculator(calc):
    done = calc(BEADS)

    assert done.out.splitlines() == [
        "events / beads × beads added / µL of blood",
        "= 412 / 18250 × 51664 / 100 = 11.663 cells/µL",
        "",
        "11.663 cells/µL, 95 % interval 10.553 to 12.86 (conditional-binomial)",
        "  the CV of counting is 4.98 %",
        "blood looked at: 35.324 µL",
        "QUANT: 412 events are enough for a number (50, which are 1.4155 cells/µL)",
    ]


def test_a_log_delta_interval_can_be_followed_too(calc):
    done = calc(f"{DUAL} --cv-alc 0.03")

    assert "SE² = 1/365 - 1/24800 + 0.03² = 0.003599, so SE = 0.06: a CV of 6.00 %" in done.out
    assert "20.899 / 1.1248 to 20.899 × 1.1248, where 1.1248 = exp(1.96 × SE)" in done.out


def test_a_blood_count_without_its_error_shows_the_interval_of_the_percentage(calc):
    done = calc(DUAL)

    assert "20.899 cells/µL, 95 % interval 18.823 to 23.139 (clopper-pearson)" in done.out
    assert "the interval takes the blood count as certain; give its own error by --cv-alc" in done.out
    assert "percentage of the parent: 1.4718 %, 95 % interval 1.3256 to 1.6295 (clopper-pearson)" in done.out


def test_beads_that_a_study_would_refuse_make_a_number_invalid(calc, number):
    command = "beads --events 412 --beads 999 --beads-added 51664 --sample-volume-ul 100"

    refused = number(command)

    assert (refused["status"], round(refused["value"], 2)) == ("INVALID", 213.07)
    assert "INVALID: 999 beads were counted, and it takes 1000" in calc(command).out


@pytest.mark.parametrize(("beads", "is_said"), [(1000, True), (2499, True), (2500, False)])
def test_few_beads_are_noted(calc, beads, is_said):
    done = calc(f"beads --events 412 --beads {beads} --beads-added 51664 --sample-volume-ul 100")

    assert "QUANT: " in done.out
    assert (f"note: {beads} beads are few" in done.out) is is_said


@pytest.mark.parametrize(
    ("command", "limit"),
    [
        (f"beads --events 0 {TUBE}", "0.084813 cells/µL"),
        ("volumetric --events 0 --vol-nl 85000 --dilution-factor 10", "0.35244 cells/µL"),  # 2.9957/8.5
        ("percent --events 0 --parent-events 30000", "0.0099853 %"),  # 1 - 0.05^(1/30,000)
        ("percent --events 0 --parent-events 30000 --method jeffreys", "0.0099853 %"),
    ],
)
def test_no_events_have_a_one_sided_limit(calc, command, limit):
    done = calc(command)

    assert f"one-sided 95 % upper limit: {limit}" in done.out


def test_few_events_are_below_the_detection_limit_never_just_not_detected(calc):
    assert (
        "ND: 7 events, below detection limit (20); upper limit 0.40838 cells/µL" in calc(f"beads --events 7 {TUBE}").out
    )


def test_the_upper_limit_of_what_was_not_detected_is_the_exact_one_whatever_the_method(calc):
    done = calc("percent --events 0 --parent-events 30000 --method jeffreys")

    assert "interval 0 to 0.0083727 (jeffreys)" in done.out
    assert "upper limit 0.012296 %" in done.out


def test_what_is_detected_but_no_number_is_reported_as_less_than_the_limit(calc):
    assert (
        "BLQ: 30 events are detected, and too few for a number (50); report <0.16667 %"
        in calc("percent --events 30 --parent-events 30000").out
    )


def test_how_many_are_needed_is_told_on_average_and_for_sure(calc):
    done = calc(NEEDED)

    assert "= 50 / 0.0001 = 500000 parent events, to expect 50 on average" in done.out
    assert "62.17 / 0.0001 = 621711 parent events" in done.out


# What is refused


@pytest.mark.parametrize(
    ("command", "option", "said"),
    [
        (f"beads --events -1 {TUBE}", "--events", "-1 is not between 0 and 1e+12; give a number of events"),
        (f"beads --events 4.5 {TUBE}", "--events", "integer"),
        (f"beads --events nan {TUBE}", "--events", "integer"),
        (f"beads --events 1{'0' * 400} {TUBE}", "--events", "so large a number is not between 0 and 1e+12"),
        ("beads --events 1 --beads 0 --beads-added 9 --sample-volume-ul 100", "--beads", "0 is not between 1 and"),
        (
            "beads --events 1 --beads 1 --beads-added 0 --sample-volume-ul 100",
            "--beads-added",
            "give a number of beads, one or more",
        ),
        ("beads --events 1 --beads 60000 --beads-added 51664 --sample-volume-ul 100", "--beads", "look at both"),
        ("beads --events 1 --beads 9 --beads-added 9 --sample-volume-ul 0", "--sample-volume-ul", "give µL of blood"),
        ("beads --events 1 --beads 9 --beads-added 9 --sample-volume-ul nan", "--sample-volume-ul", "nan is not"),
        (
            "beads --events 1 --beads 9 --beads-added 9 --sample-volume-ul inf",
            "--sample-volume-ul",
            "so large a number",
        ),
        ("beads --events 1 --beads 9 --beads-added 9 --sample-volume-ul 1e300", "--sample-volume-ul", "1e+300"),
        (f"{BEADS} --predilution 0.5", "--predilution", "1 for not at all"),
        (f"{BEADS} --cv-pipetting 5", "--cv-pipetting", "0.05 for 5 %"),
        (f"{BEADS} --cv-beads -0.1", "--cv-beads", "-0.1 is not between 0 and 1"),
        (f"{BEADS} --level 95", "--level", "give 0.95 for 95 %"),
        (f"{BEADS} --level 1", "--level", "between 0 and 1"),
        (f"{BEADS} --level 0.9999999999999999", "--level", "between 0 and 1"),
        (f"{BEADS} --level nan", "--level", "between 0 and 1"),
        (f"{BEADS} --detect-events 60", "--lloq-events", "50 is below --detect-events 60"),
        (f"{BEADS} --detect-events 0", "--detect-events", "0 is not between 1 and"),
        ("volumetric --events 1 --vol-nl 0 --dilution-factor 10", "--vol-nl", "give nL"),
        ("volumetric --events 1 --vol-nl 9 --dilution-factor 0", "--dilution-factor", "1 for not at all"),
        ("dual --alc 1420 --events 1 --parent-events 9", "--alc", "a count in cells/µL is divided by 1000"),
        ("dual --alc 0 --events 1 --parent-events 9", "--alc", "0 is not between"),
        ("dual --alc 1 --events 10 --parent-events 9", "--events", "10 events cannot be a part of 9"),
        ("percent --events 10 --parent-events 9", "--events", "were they exchanged?"),
        ("percent --events 0 --parent-events 0", "--parent-events", "0 is not between 1 and"),
        (f"{PERCENT} --method wald", "--method", "'wilson'"),
        ("needed --frequency 0 --events 50", "--frequency", "a part of the parent"),
        ("needed --frequency 5 --events 50", "--frequency", "0.0001 for 0.01 %"),
        ("needed --frequency 0.1 --events 0", "--events", "0 is not between 1 and"),
        ("percent --events 1", "--parent-events", "Missing option"),
    ],
)
def test_what_makes_no_sense_names_the_option_and_is_exit_code_2(calc, command, option, said):
    done = calc(f"{command} --json")

    error = json.loads(done.out)["error"]
    assert (done.code, error["code"]) == (2, "USAGE")
    assert f"'{option}'" in error["message"]
    assert said in error["message"]


def test_the_methods_to_choose_from_are_all_there_are():
    assert [m.value for m in Method] == list(PERCENT_INTERVALS)


@pytest.mark.parametrize("name", ["beads", "volumetric", "dual", "percent", "needed"])
def test_every_calculation_explains_itself_and_has_its_json(calc, name):
    done = calc(f"{name} --help")

    assert done.code == 0
    assert f"Usage: cytoproc calc {name}" in done.out
    assert "--json" in done.out

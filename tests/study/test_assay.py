"""What measurements say of an assay: by hand, and where the truth is known."""

import math

import numpy as np
import pytest
from scipy.special import betaincinv

from cytoproc.quantify.detection import limit_of_blank, limit_of_detection
from cytoproc.study.assay import Goals, Statistic, is_bent, verify
from cytoproc.study.assay_findings import find, limits_for_studies, say
from cytoproc.study.assay_plan import Kind, Measurement, Planned

GOALS = Goals()


def measured(kind, n_events, level="", *, n_parent=10_000.0, volume=math.nan, run="", lot="", **expected):
    planned = Planned(0, "", Kind(kind), level, run, lot, tuple(expected.items()))
    return Measurement(planned, "CAR+", "T cells", n_events, n_parent, volume)


def blanks(*counts, **more):
    return [measured("blank", n, **more) for n in counts]


def level(name, *counts, kind="replicate", **more):
    return [measured(kind, n, name, **more) for n in counts]


def series(measurements, statistic=Statistic.PCT, goals=GOALS):
    return {s.statistic: s for s in verify(measurements, goals=goals)}[statistic]


def limits(measurements):
    [found] = limits_for_studies(verify(measurements), source="here")
    return found


# Blanks


def test_a_few_blanks_give_the_limits_of_counting_alone():
    """Ten events in five blanks are 2 on average: limit of blank 5, of detection 10.51 events."""
    found = series(blanks(1, 2, 2, 3, 2), Statistic.COUNT)

    assert [(x.method, x.value.value, x.stands) for x in found.lob] == [("poisson", 5, True)]
    assert found.limit_of_detection == pytest.approx(10.51, abs=0.005)
    assert "too few for a limit by SD or rank: 20 are to verify one, 60 to establish" in found.lob[0].in_words


def test_limits_in_percent_are_those_in_events_of_the_blanks_parent():
    found = series(blanks(1, 2, 2, 3, 2, n_parent=20_000.0))

    assert found.limit_of_blank == pytest.approx(100 * 5 / 20_000)


def test_twenty_blanks_verify_and_sixty_establish():
    twenty, sixty = (series(blanks(*[1, 2, 2, 3] * n), Statistic.COUNT).lob for n in (5, 15))

    assert [x.method for x in twenty if x.stands] == ["poisson"]
    assert "enough to verify a limit, 60 are to establish one" in twenty[1].in_words
    assert [(x.method, x.value.value) for x in sixty if x.stands] == [("ranked", 3)]


def test_blanks_that_scatter_more_than_counts_do_need_twenty():
    few, more = (series(blanks(*[0, 0, 0, 12] * n), Statistic.COUNT) for n in (2, 5))

    assert not few.blanks[0].are_counts
    assert math.isnan(few.limit_of_blank)
    assert math.isnan(few.limit_of_detection)
    assert "they scatter more than counts do (variance/mean 10.3), so it is too low" in few.lob[0].in_words
    assert more.limit_of_blank == max(x.value.value for x in more.lob)


def test_blanks_of_more_events_may_have_more_background():
    """10 in 10,000 and 100 in 100,000 are one rate; as bare counts they would not be."""
    found = series([*blanks(10, 10), *blanks(100, n_parent=100_000.0)], Statistic.COUNT)

    assert found.blanks[0].overdispersion == pytest.approx(0, abs=1e-12)


def test_the_lot_with_the_highest_limit_stands():
    found = series([*blanks(0, 0, 0, lot="A"), *blanks(5, 5, 5, lot="B")], Statistic.COUNT)

    assert [(x.lot, x.value.value, x.stands) for x in found.lob] == [("A", 0, False), ("B", 9, True)]


def test_a_low_level_that_scatters_raises_the_limit_of_detection():
    """Blanks of 2 have the limit 5; the level 6, 12, 18 has an SD of 6, so 5 + 1.645 x 6 = 14.87 events."""
    found = series([*blanks(2, 2, 2), *level("low", 6, 12, 18)], Statistic.COUNT)

    assert found.limit_of_detection == pytest.approx(14.87)
    assert "SD of low" in next(x.in_words for x in found.lod if x.stands)


def test_a_level_far_above_the_blanks_says_nothing_of_the_limit_of_detection():
    found = series([*blanks(2, 2, 2), *level("high", 1000, 1500, 2000)], Statistic.COUNT)

    assert [x.method for x in found.lod] == ["poisson"]


# Levels


def test_a_level_by_hand():
    found = series([*blanks(0), *level("mid", 90, 100, 110, expected=1.0)])

    [of] = found.levels
    assert (of.precision.mean, of.cv, of.counting_cv) == (pytest.approx(1), pytest.approx(10), 10)


def test_what_is_expected_of_a_level_holds_for_all_its_measurements():
    found = series([*level("mid", 90, kind="dilution", percent=2.0), *level("mid", 110)])

    assert (found.levels[0].recovery.value, found.levels[0].bias) == (pytest.approx(50), pytest.approx(-50))


def test_scatter_between_runs_counts_where_runs_are_told():
    runs = [measured("replicate", n, "mid", run=day) for day, n in (("1", 90), ("1", 92), ("2", 150), ("2", 152))]

    [of] = series(runs).levels

    assert of.cv > of.precision.cv.value
    assert of.components.within / of.precision.mean < 0.02 < of.components.between / of.precision.mean


def test_relative_values_are_of_the_highest_level():
    """Half of the highest level's 4 % would be 2 %, and 1.5 % was found."""
    found = series([*level("1", 400, kind="dilution", relative=1.0), *level("1/2", 150, kind="dilution", relative=0.5)])

    half, whole = found.levels
    assert found.is_relative
    assert (half.expected, half.recovery.value) == (pytest.approx(2), pytest.approx(75))
    assert whole.recovery.value == pytest.approx(100)


def test_cells_per_ul_are_told_where_the_volume_is_known():
    found = series([*level("a", 100, volume=50.0), *level("a", 100)], Statistic.ABS)

    assert found.levels[0].values == (2.0,)


# The limit of quantification


def test_replicates_that_agree_by_chance_do_not_scatter_less_than_counting():
    """Nine events have a CV of 33 %, however often nine were found."""
    found = series([*blanks(0), *level("nine", 9, 9, 9)])

    [verdict] = [f.verdict for f in find([found], GOALS) if f.quantity == "cv"]
    assert found.lloq is None
    assert found.levels[0].cv == pytest.approx(100 / 3)
    assert verdict == "beyond 25 % by counting alone"


def good_assay(n_blanks=3, **volume):
    return [
        *blanks(*[0] * n_blanks, **volume),
        *level("low", 10, 20, 30, kind="dilution", percent=0.2, **volume),
        *level("mid", 90, 100, 110, kind="dilution", percent=1.0, **volume),
        *level("high", 990, 1000, 1010, kind="dilution", percent=10.0, **volume),
    ]


def test_the_limit_of_quantification_is_the_lowest_good_level():
    found = series(good_assay())

    assert found.lloq.name == "mid"
    assert series(good_assay(), goals=Goals(cv=60)).lloq.name == "low"


def test_no_level_may_be_good_and_the_reason_is_told():
    """1000 events have a CV of 3.16 % by counting alone."""
    strict = Goals(cv=0.5)

    [line] = [x for x in say([series(good_assay(), goals=strict)], strict) if "quantification" in x]

    assert line.endswith("none of the levels: the highest, high, is too scattered (CV 3.16 %, goal 0.5 %)")


@pytest.mark.parametrize(
    ("measurements", "said"),
    [
        (level("a", 10, 11, 12), "there is no limit of detection that it could be held against"),
        ([*blanks(0), *level("a", 10, 11)], "none of the levels was measured 3 times or more"),
        ([*blanks(50, 50), *level("a", 40, 41, 42)], "the highest, a, is below the limit of detection"),
        (
            [*blanks(0), *level("a", 100, 100, 100, kind="dilution", percent=2.0)],
            "the highest, a, is off what is expected (by -50 %, goal 25 %)",
        ),
    ],
)
def test_why_there_is_no_limit_of_quantification(measurements, said):
    found = series(measurements)

    assert found.lloq is None
    assert any(said in line for line in say([found], GOALS))


def test_limits_for_studies_are_whole_events():
    found = limits(good_assay(20))

    assert (found.lob_events, found.lod_events, found.lloq_events) == (0, 3, 100)
    assert (found.population, found.percent_of, found.lloq_percent) == ("CAR+", "T cells", 1)
    assert math.isnan(found.lloq_per_ul)


def test_events_are_no_limit_if_one_unit_has_none():
    """In cells/µL the volumes scatter, so no level is good."""
    volumes = iter([20.0, 50.0, 100.0] * 10)
    scattered = [
        m.__class__(m.planned, m.population, m.percent_of, m.n_events, m.n_parent, next(volumes))
        for m in good_assay(20)
    ]

    found = limits(scattered)

    assert found.lloq_percent == 1
    assert math.isnan(found.lloq_events)
    assert math.isnan(found.lloq_per_ul)


@pytest.mark.parametrize("n", [1, 19])
def test_fewer_than_twenty_blanks_give_studies_no_limit(n):
    found = limits(good_assay(n))

    assert all(math.isnan(getattr(found, name)) for name in LIMITS)
    [words] = [x for x in say([series(good_assay(n))], GOALS) if "for studies" in x]
    number = "is 1 blank" if n == 1 else "are 19 blanks"
    assert words.endswith(f"no limits in limits.csv, because there {number}, and 20 are to verify a limit")


def test_each_lot_needs_twenty_blanks():
    few, enough = (good_assay(20, lot="A") + blanks(*[0] * n, lot="B") for n in (3, 20))

    assert all(math.isnan(getattr(limits(few), name)) for name in LIMITS)
    assert any("there are 3 blanks of lot B, and 20" in x for x in say([series(few)], GOALS))
    assert (limits(enough).lob_events, limits(enough).lod_events) == (0, 3)
    assert not any("for studies" in x for x in say([series(enough)], GOALS))


LIMITS = ("background_percent", "lob_events", "lod_events", "lloq_events", "lloq_percent", "lloq_per_ul")


# The background


def test_the_background_is_the_upper_limit_of_all_blanks_events():
    """21 events in 20 blanks of 1000: at most 0.152 % by Clopper and Pearson, so 137 of 90,000 and not 8."""
    rows = blanks(*[1] * 19, 2, n_parent=1000.0)

    found = limits(rows).background_percent

    assert found == pytest.approx(100 * float(betaincinv(22, 20_000 - 21, 0.95)), rel=1e-5)
    assert found == pytest.approx(0.1514, abs=0.0005)
    assert any(
        "background: at most 0.151 % (21 of 20000 events in 20 blanks, upper one-sided 95 % limit)" in line
        for line in say([series(rows)], GOALS)
    )
    [row] = [f for f in find([series(rows)], GOALS) if f.quantity == "background"]
    assert (row.value, row.n, row.unit, row.method) == (found, 20, "%", "clopper-pearson")


def test_blanks_without_an_event_leave_room_for_three():
    assert limits(blanks(*[0] * 20)).background_percent == pytest.approx(100 * 2.9957 / 200_000, rel=1e-4)


def test_the_background_of_blanks_that_scatter_is_their_limit_of_blank():
    """60 of 200,000 events are 0.03 %, but one blank in four has 0.12 %."""
    rows = blanks(*[0, 0, 0, 12] * 5)

    found = series(rows)

    assert limits(rows).background_percent == pytest.approx(found.limit_of_blank)
    assert found.limit_of_blank >= 0.12
    assert any("the limit of blank, because blanks scatter more" in line for line in say([found], GOALS))


def test_the_lot_with_the_largest_background_decides():
    rows = [*blanks(*[0] * 20, lot="A"), *blanks(*[1] * 20, lot="B")]

    assert limits(rows).background_percent == pytest.approx(100 * float(betaincinv(21, 200_000 - 20, 0.95)), rel=1e-5)


def test_a_denominator_that_does_not_hold_the_population_has_no_background():
    assert math.isnan(limits(blanks(*[30] * 20, n_parent=10.0)).background_percent)


@pytest.mark.parametrize(("n_parent", "odd"), [(1_000.0, True), (3_400.0, False), (29_000.0, False), (40_000.0, True)])
def test_blanks_of_another_size_than_the_samples_are_told(n_parent, odd):
    rows = [*blanks(*[0] * 20, n_parent=n_parent), *level("a", 100, 101, 102)]

    words = f"they have {n_parent:.0f} events of T cells on average, and the other samples 10000"
    assert any(words in line for line in say([series(rows)], GOALS)) == odd


# Blanks that say nothing


def test_blanks_without_events_of_the_denominator_are_no_blanks():
    empty = blanks(0, 0, n_parent=0.0, volume=20.0)
    filled = level("a", 100, 101, 102, volume=20.0)

    for statistic in Statistic:
        [words] = [x for x in say([series([*empty, *filled], statistic)], GOALS) if "limit of blank" in x]
        assert "not established: of 2 blanks none has events of T cells" in words
    some = series([*empty, *blanks(*[0] * 18), *filled])
    assert any("blanks: 2 of 20 have no events of T cells, and say nothing" in x for x in say([some], GOALS))
    assert not some.are_enough_blanks


def test_blanks_that_scatter_say_why_they_give_no_limit_in_both_lines():
    lines = say([series([*blanks(1, 2, lot="A"), *blanks(*[0, 0, 0, 12] * 2, lot="B")])], GOALS)

    for name in ("blank", "detection"):
        [words] = [x for x in lines if f"limit of {name} not established" in x]
        assert "8 blanks, too few" in words
        assert "they scatter more than counts do" in words


def test_without_blanks_nothing_is_established():
    found = limits(level("a", 100, 101, 102))

    assert all(map(math.isnan, (found.lob_events, found.lod_events, found.lloq_events, found.lloq_percent)))


# Linearity


def test_fewer_than_three_levels_make_no_line():
    [line] = [x for x in say([series(good_assay()[:9])], GOALS) if "linearity" in x]

    assert line.endswith("not told: 3 different expected values are needed, here are 2")


def test_a_series_that_saturates_is_bent():
    counts = {1.0: 100, 2.0: 200, 4.0: 400, 8.0: 800, 16.0: 1000, 32.0: 1100}
    rows = [m for x, n in counts.items() for m in level(f"{x:g}", n - 3, n, n + 3, kind="dilution", percent=x)]

    found = series(rows)

    assert is_bent(found, GOALS)
    assert any("bent" in line for line in say([found], GOALS))
    assert not is_bent(series(good_assay()), GOALS)


# Rows


def test_the_order_of_rows_is_nothing():
    rows = good_assay(volume=40.0)

    assert repr(find(verify(rows), GOALS)) == repr(find(verify(rows[::-1]), GOALS))


def test_every_number_is_a_row_with_its_verdict():
    found = {(f.quantity, f.level): f for f in find([series(good_assay())], GOALS)}

    assert found["cv", "low"].verdict == "beyond 25 %"
    assert found["cv", "mid"].verdict == "within 25 %"
    assert found["recovery", "high"].value == 100
    assert (found["lloq", "mid"].value, found["lloq", "mid"].unit) == (1, "%")
    assert found["slope", ""].verdict.startswith("straight: slope 1")


# Where the truth is known


@pytest.fixture(scope="module")
def simulated():
    """Blanks of 2 events on average, and eight levels of 0.0625 to 8 cells/µL in 80 µL, six times each."""
    rng = np.random.default_rng(20)
    truth = [0.0625 * 2**i for i in range(8)]
    return [
        *blanks(*(int(n) for n in rng.poisson(2, 60)), volume=80.0),
        *(
            m
            for x in truth
            for m in level(f"{x:g}", *(int(n) for n in rng.poisson(80 * x, 40)), kind="dilution", volume=80.0, per_ul=x)
        ),
    ]


def test_a_true_line_has_slope_1_in_its_interval(simulated):
    line = series(simulated, Statistic.ABS).line

    assert line.slope.low < 1 < line.slope.high
    assert line.intercept.low < 0 < line.intercept.high
    assert line.slope.high - line.slope.low < 0.05


def test_the_limit_of_blanks_of_a_known_mean_is_in_its_interval(simulated):
    found = series(simulated, Statistic.COUNT)

    by_method = {x.method: x.value for x in found.lob}
    assert found.blanks[0].are_counts
    assert by_method["poisson"].low <= limit_of_blank(2) <= by_method["poisson"].high
    assert abs(by_method["ranked"].value - limit_of_blank(2)) <= 1
    assert next(x.value.value for x in found.lod if x.method == "poisson") == pytest.approx(
        limit_of_detection(2), abs=2
    )


def test_counting_alone_is_quantified_from_sixteen_events(simulated):
    """100/sqrt(16) is 25 %: the level of 20 events is good (22 %), that of 10 is not (32 %)."""
    found = series(simulated, Statistic.ABS)

    assert found.lloq.name == "0.25"

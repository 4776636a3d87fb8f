"""Whether a spillover matrix can be right."""

import numpy as np
import pytest

from cytoproc.compensation import check_spillover, require_usable
from cytoproc.errors import CompensationError
from cytoproc.model.panel import Channel, Panel
from cytoproc.model.results import Severity
from cytoproc.model.spillover import Spillover

PANEL = Panel((Channel("FITC-A"), Channel("PE-A"), Channel("Time")))


def two(a, b, c, d, names=("FITC-A", "PE-A")):
    return Spillover(names, np.array([[a, b], [c, d]], dtype=float), "lab.csv")


@pytest.mark.parametrize(
    ("spillover", "code", "severity"),
    [
        (two(1, 0.1, 0.2, 1, ("FITC-A", "APC-A")), "SPILL_UNKNOWN_DETECTOR", Severity.FAIL),
        (two(1, 0.1, 0.2, 1.00001), "SPILL_DIAGONAL", Severity.FAIL),
        (two(1, -0.051, 0.2, 1), "SPILL_OUT_OF_RANGE", Severity.FAIL),
        (two(1, 1.51, 0.2, 1), "SPILL_OUT_OF_RANGE", Severity.FAIL),
        (two(1, 1.1, 0.2, 1), "SPILL_OVER_ONE", Severity.WARN),
        (two(1, 0.95, 0.96, 1), "SPILL_ILL_CONDITIONED", Severity.WARN),
    ],
)
def test_each_finding_has_its_code_and_weight(spillover, code, severity):
    flags = check_spillover(spillover, PANEL)

    assert [(f.code, f.severity) for f in flags] == [(code, severity)]
    assert flags[0].message.startswith("lab.csv")


@pytest.mark.parametrize("spillover", [two(1, 0, 0, 1), two(1, -0.05, 1, 1), two(1 + 9e-7, 0.3, 0, 1)])
def test_a_matrix_within_the_bounds_has_no_finding(spillover):
    assert check_spillover(spillover, PANEL) == ()


@pytest.mark.parametrize(("n", "codes"), [(3, []), (4, ["SPILL_IDENTITY"])])
def test_four_colours_without_a_leak_are_told(n, codes):
    panel = Panel(tuple(Channel(f"FL{i}-A") for i in range(1, n + 1)))
    nearly = np.eye(n)
    nearly[1, 0] = 1e-6

    flags = check_spillover(Spillover(panel.names, nearly), panel)

    assert [f.code for f in flags] == codes


def test_a_matrix_that_fails_is_refused_with_every_reason():
    with pytest.raises(CompensationError, match=r"'APC-A'.*found 2 .*expected a leak between -0.05 and 1.5") as caught:
        require_usable(two(1, 5, 0, 2, ("FITC-A", "APC-A")), PANEL)

    assert caught.value.code == "SPILL_UNKNOWN_DETECTOR"


def test_a_matrix_that_only_warns_can_be_used():
    flags = require_usable(two(1, 1.2, 0.2, 1), PANEL)

    assert "row 1 (FITC-A), column 2 (PE-A) is 1.2" in flags[0].message

"""What a gate looks at."""

import numpy as np
import pytest

from cytoproc.errors import GateError
from cytoproc.gates.boolean import BooleanGate, Operator
from cytoproc.gates.dimension import Dimension, Gate, RatioSource, Units, scaled_points
from cytoproc.gates.methods.base import GatingMethod
from cytoproc.gates.methods.singlets import Singlets
from cytoproc.gates.ranges import RangeGate
from cytoproc.transforms.log import Log
from cytoproc.transforms.logicle import Logicle
from cytoproc.transforms.ratio import Ratio


def test_dimensions_that_differ_in_their_scale_only_read_one_column():
    plain, bent, raw = Dimension("CD3"), Dimension("CD3", scale=Logicle()), Dimension("CD3", compensation="none")

    assert plain.measure == bent.measure
    assert plain.measure != raw.measure


def test_a_ratio_reads_two_channels():
    dimension = Dimension(RatioSource("CD3", "CD19", Ratio(a=2)))

    assert dimension.channels == ("CD3", "CD19")
    assert str(dimension.source) == "CD3/CD19"
    assert dimension.measure == Dimension(RatioSource("CD3", "CD19", Ratio(a=2.0))).measure


def test_a_method_is_told_from_a_gate():
    singlets = Singlets(Dimension("A"), Dimension("H"))
    gates = (RangeGate(Dimension("A"), 0, 1), BooleanGate(Operator.NOT, ("A",)))

    assert isinstance(singlets, GatingMethod)
    assert not isinstance(singlets, Gate)
    assert all(isinstance(g, Gate) and not isinstance(g, GatingMethod) for g in gates)


def test_points_are_scaled_dimension_by_dimension():
    axes = (Dimension("X"), Dimension("Y", scale=Log(t=10000, m=4)))

    assert scaled_points(axes, [(3, 100)], Units.LINEAR) == pytest.approx(np.array([[3, 0.5]]))
    assert scaled_points(axes, [(3, 0.5)], Units.SCALE).tolist() == [[3, 0.5]]


@pytest.mark.parametrize("points", [[(1,)], [(1, 2, 3)], [(1, 2), (3,)], []])
def test_points_without_a_coordinate_for_every_dimension_are_refused(points):
    with pytest.raises(GateError, match="every point needs 2 coordinates"):
        scaled_points((Dimension("X"), Dimension("Y")), points, Units.SCALE)

"""What every scale must hold to."""

from __future__ import annotations

import dataclasses
import math
import pickle
import warnings

import numpy as np
import pytest

from cytoproc.transforms.base import Scaled, Transform
from cytoproc.transforms.bounds import linear_bound, linear_bound32
from cytoproc.transforms.registry import parameters_of

__all__ = ["TransformContract"]

_MAGNITUDES = np.geomspace(1e-3, 1e7, 201)


class TransformContract:
    """The tests of a scale. Subclass it, and give the scale (or several) as the fixture `transform`.

    ::

        class TestLogicle(TransformContract):
            @pytest.fixture(params=[Logicle(), Logicle(w=1.0)], ids=str)
            def transform(self, request):
                return request.param

    `tolerance` is how far, relative to a value or to 1, `inverse(forward(x))` may be from x.
    """

    tolerance = 1e-9

    @pytest.fixture
    def transform(self) -> Transform:
        """Give the scale to test."""
        msg = "give the scale to test: override the fixture `transform`"
        raise NotImplementedError(msg)

    @pytest.fixture
    def points(self, transform: Transform) -> Scaled:
        """Give linear values, in order, that the scale maps and that `inverse` can give back."""
        low, high = transform.domain
        values = np.concatenate([-_MAGNITUDES[::-1], [0.0], _MAGNITUDES])
        return values[(low < values) & (values < high)]

    def test_it_is_a_frozen_dataclass_named_by_its_kind(self, transform: Transform) -> None:
        """A scale cannot be changed, and says what it is called."""
        assert transform.kind
        for name, value in parameters_of(transform).items():
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(transform, name, value)

    def test_equal_parameters_make_equal_scales(self, transform: Transform) -> None:
        """It compares and hashes by value, also on the other side of a process."""
        twin = type(transform)(**parameters_of(transform))
        sent = pickle.loads(pickle.dumps(transform))

        assert transform == twin == sent
        assert hash(transform) == hash(twin) == hash(sent)

    def test_inverse_undoes_forward(self, transform: Transform, points: Scaled) -> None:
        """Linear values come back."""
        back = transform.inverse(transform.forward(points))

        np.testing.assert_allclose(back, points, rtol=self.tolerance, atol=self.tolerance)

    def test_forward_undoes_inverse(self, transform: Transform, points: Scaled) -> None:
        """Scale units come back."""
        scaled = transform.forward(points)

        back = transform.forward(transform.inverse(scaled))

        np.testing.assert_allclose(back, scaled, rtol=self.tolerance, atol=self.tolerance)

    def test_a_larger_value_never_has_a_lower_place(self, transform: Transform, points: Scaled) -> None:
        """It keeps the order of values, also of floating-point neighbours."""
        ordered = np.sort(np.concatenate([points, np.nextafter(points, -np.inf), np.nextafter(points, np.inf)]))
        scaled = transform.forward(ordered)

        mapped = scaled[~np.isnan(scaled)]

        assert (np.diff(mapped) >= 0).all()
        assert mapped[0] < mapped[-1]

    def test_what_cannot_be_mapped_is_nan_without_a_warning(self, transform: Transform) -> None:
        """NaN stays NaN; a value outside the domain becomes NaN; an infinite one does no harm."""
        low, high = transform.domain
        values = np.array([np.nan, np.nextafter(low, -np.inf), np.nextafter(high, np.inf), -np.inf, np.inf, 0.0])
        inside = (low <= values) & (values <= high)

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            scaled = transform.forward(values)
            back = transform.inverse(np.array([np.nan, -np.inf, np.inf]))

        np.testing.assert_array_equal(np.isnan(scaled), ~inside)
        assert np.isnan(back[0])
        assert not np.isnan(back[1:]).any()

    def test_any_numbers_in_any_shape_give_float64_of_that_shape(self, transform: Transform, points: Scaled) -> None:
        """float32 values give what they give as float64; the input is left as it was."""
        single = points.astype(np.float32)
        before = single.copy()

        scaled = transform.forward(single)

        assert scaled.dtype == np.float64
        np.testing.assert_array_equal(scaled, transform.forward(single.astype(np.float64)))
        np.testing.assert_array_equal(single, before)
        np.testing.assert_array_equal(transform.forward(single.reshape(1, -1)), scaled.reshape(1, -1))
        np.testing.assert_array_equal(transform.forward(single[::-2]), scaled[::-2])
        assert transform.forward(np.empty((0, 2))).shape == transform.inverse(np.empty((0, 2))).shape == (0, 2)

    def test_a_bound_selects_the_same_values_in_linear_space(self, transform: Transform, points: Scaled) -> None:
        """`x >= linear_bound(b)` is `forward(x) >= b`, on the bound itself and beside it."""
        around = np.concatenate([points, np.nextafter(points, -np.inf), np.nextafter(points, np.inf), [np.nan]])
        scaled = transform.forward(around)
        single = around.astype(np.float32)
        scaled_single = transform.forward(single)

        for bound in transform.forward(points[::10]):
            linear = linear_bound(transform, float(bound))

            np.testing.assert_array_equal(around >= linear, scaled >= bound)
            np.testing.assert_array_equal(single >= linear_bound32(linear), scaled_single >= bound)

    def test_an_infinite_bound_lets_everything_in_or_nothing(self, transform: Transform) -> None:
        """The lowest bound is the low end of the domain; the highest is beyond what a detector can give."""
        assert linear_bound(transform, -math.inf) == transform.domain[0]
        assert linear_bound(transform, math.inf) > float(np.finfo(np.float32).max)

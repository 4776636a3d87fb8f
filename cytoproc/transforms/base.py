"""What every scale is, and the checks its parameters share."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from cytoproc.errors import ScaleError
from cytoproc.model.panel import FloatArray

__all__ = ["FloatArray", "Scaled", "Transform", "as_float64", "check_decades", "check_parameters", "check_top"]

Scaled = npt.NDArray[np.float64]
Rule = tuple[bool, str]

_MOST_DECADES = 100.0
_LOWEST_TOP, _HIGHEST_TOP = 1e-100, 1e100


class Transform(Protocol):
    """A scale: a monotone map between linear channel values and scale units.

    Scales are frozen dataclasses whose fields are their numeric parameters. So they compare, hash and pickle by value,
    and :func:`~cytoproc.transforms.registry.parameters_of` can list them.
    """

    kind: ClassVar[str]

    @property
    def domain(self) -> tuple[float, float]:
        """The closed interval of linear values that the scale maps; below and above it `forward` gives NaN."""
        ...

    def forward(self, x: FloatArray, /) -> Scaled:
        """Return scale units for linear values, in the shape of `x`; NaN where a value cannot be mapped."""
        ...

    def inverse(self, y: FloatArray, /) -> Scaled:
        """Return linear values for scale units, in the shape of `y`."""
        ...

    def __hash__(self) -> int:
        """Return a hash of the parameters, so that what is costly is done once a scale."""
        ...


def as_float64(x: FloatArray) -> Scaled:
    """Return the values as float64; the array itself where it holds float64 already."""
    return np.asarray(x, dtype=np.float64)


def check_parameters(scale: str, *rules: Rule) -> None:
    """Refuse parameters that break a rule; a rule is whether it holds, and what to say if it does not.

    Raises
    ------
    ScaleError
        With every broken rule. A NaN breaks each rule that compares it.
    """
    broken = [text for holds, text in rules if not holds]
    if broken:
        msg = f"{scale} scale: {'; '.join(broken)}"
        raise ScaleError(msg)


def check_top(t: float) -> Rule:
    """Return the rule for `t`, the linear value at the top of the scale."""
    return _LOWEST_TOP <= t <= _HIGHEST_TOP, f"t (top of the scale) must be a number above 0, it is {t}"


def check_decades(m: float) -> Rule:
    """Return the rule for `m`, the number of decades."""
    return 0 < m <= _MOST_DECADES, f"m (decades) must be above 0 and at most {_MOST_DECADES:g}, it is {m}"

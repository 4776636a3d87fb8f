"""Scales by the names that templates use."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from math import isfinite
from types import MappingProxyType
from typing import Any

from cytoproc.errors import ScaleError
from cytoproc.transforms.asinh import Asinh, AsinhCofactor
from cytoproc.transforms.base import Transform
from cytoproc.transforms.biex import Biex
from cytoproc.transforms.flowjo_log import FlowJoLog
from cytoproc.transforms.hyperlog import Hyperlog
from cytoproc.transforms.identity import Identity
from cytoproc.transforms.linear import Linear
from cytoproc.transforms.log import Log
from cytoproc.transforms.logicle import Logicle

__all__ = ["OTHER_FORMS", "SCALES", "make_transform", "parameters_of"]

SCALES: Mapping[str, type[Transform]] = MappingProxyType(
    {"linear": Linear, "log": Log, "asinh": Asinh, "logicle": Logicle, "hyperlog": Hyperlog, "biex": Biex}
)

# The same name with other parameters: `linear` without any, `asinh` with a cofactor, `log` with FlowJo's floor.
OTHER_FORMS: Mapping[str, tuple[type[Transform], ...]] = MappingProxyType(
    {"linear": (Identity,), "asinh": (AsinhCofactor,), "log": (FlowJoLog,)}
)


def make_transform(kind: str, parameters: Mapping[str, float]) -> Transform:
    """Return the scale of this name with these parameters.

    Raises
    ------
    ScaleError
        If there is no such scale, a parameter is unknown, missing or not a number, or they make no scale.

    Examples
    --------
    >>> make_transform("asinh", {"cofactor": 150})
    AsinhCofactor(cofactor=150.0)
    >>> make_transform("linear", {})
    Identity()
    """
    if kind not in SCALES:
        msg = f"there is no scale {kind!r}{_hint(kind, SCALES)}; the scales are: {', '.join(SCALES)}"
        raise ScaleError(msg)
    forms = (SCALES[kind], *OTHER_FORMS.get(kind, ()))
    form = min(forms, key=lambda form: len(_misfits(form, parameters)))
    odd = [name for name, value in parameters.items() if not _is_number(value)]
    problems = _misfits(form, parameters)
    problems += [f"{name} must be a finite number, it is {parameters[name]!r}" for name in odd]
    if problems:
        choices = " or ".join(f"{{{', '.join(_defaults(form))}}}" for form in forms)
        msg = f"{kind} scale: {'; '.join(problems)}. It takes {choices}."
        raise ScaleError(msg)
    return form(**{name: float(value) for name, value in parameters.items()})


def parameters_of(transform: Transform) -> dict[str, float]:
    """Return a scale's parameters by name; `make_transform(transform.kind, ...)` makes an equal one of them.

    >>> parameters_of(AsinhCofactor(5))
    {'cofactor': 5.0}
    """
    return {name: float(getattr(transform, name)) for name in _defaults(type(transform))}


def _defaults(form: type[Transform]) -> dict[str, Any]:
    """Return every parameter with its default, or `MISSING`."""
    return {field.name: field.default for field in dataclasses.fields(form)}  # type: ignore[arg-type]  # see Transform


def _misfits(form: type[Transform], given: Mapping[str, float]) -> list[str]:
    known = _defaults(form)
    unknown = [f"unknown parameter {name!r}{_hint(name, known)}" for name in given if name not in known]
    wanted = (name for name, default in known.items() if default is dataclasses.MISSING)
    return unknown + [f"parameter {name!r} is missing" for name in wanted if name not in given]


def _hint(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name.casefold(), known, n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)

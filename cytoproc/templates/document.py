"""The form of a template document: which keys there are, and what each may hold.

Every part is checked on its own, so that one wrong part does not hide the problems of the others.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from cytoproc.errors import Problem
from cytoproc.gates.dimension import Units
from cytoproc.templates.yaml import Places, WrittenFloat, WrittenInt

__all__ = [
    "SHAPES",
    "AcceptancePart",
    "AlertPart",
    "BackgroundPart",
    "CountingPart",
    "DimensionPart",
    "MarkerPart",
    "PopulationPart",
    "ReportPart",
    "SensitivityPart",
    "Shape",
    "SumPart",
    "TopPart",
    "check_part",
    "did_you_mean",
    "in_words",
]


def _as_written(value: Any) -> Any:
    return value.text if isinstance(value, WrittenFloat | WrittenInt) else value


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | float | int) else value


def _as_place(value: Any) -> Any:
    if isinstance(value, WrittenInt) or (isinstance(value, str) and value in {"low", "high"}):
        return value
    kind = "place"
    raise PydanticCustomError(kind, "expected low, high or the number of a bin, counted from 0")


def _as_code(value: str) -> str:
    if re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", value):
        return value
    kind = "code"
    raise PydanticCustomError(kind, "a code is written in capitals, as in DONOR_T_CELLS")


def _as_background_control(value: str) -> str:
    if re.fullmatch(r"pre_infusion|unstained|fmo:\S.*", value):
        return value
    kind = "control"
    raise PydanticCustomError(kind, "a background is measured by fmo:MARKER, pre_infusion or unstained")


def _with_one_of(given: Any, *keys: str) -> Any:
    if isinstance(given, Mapping) and all(given.get(key) in (None, []) for key in keys):
        kind = "none_given"
        raise PydanticCustomError(kind, "{keys} must be given", {"keys": " or ".join(keys)})
    return given


def _as_name(value: str) -> str:
    if value == value.strip() and value.isprintable():
        return value
    kind = "name"
    raise PydanticCustomError(kind, "a name has no spaces at its ends, no line breaks and no control characters")


Text = Annotated[str, Field(min_length=1), BeforeValidator(_as_written)]
Name = Annotated[str, Field(min_length=1), AfterValidator(_as_name), BeforeValidator(_as_written)]
Code = Annotated[str, AfterValidator(_as_code), BeforeValidator(_as_written)]
BackgroundControl = Annotated[str, AfterValidator(_as_background_control), BeforeValidator(_as_written)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Percent = Annotated[float, Field(gt=0, lt=100)]
Point = Annotated[list[Finite], Field(min_length=2, max_length=2)]
TextList = Annotated[list[Text], BeforeValidator(_as_list)]
Place = Annotated[Literal["low", "high"] | int, BeforeValidator(_as_place)]
FiniteList = Annotated[list[Finite], BeforeValidator(_as_list), Field(min_length=1)]


class Part(BaseModel):
    """A mapping with known keys only."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


P = TypeVar("P", bound=Part)


class RatioPart(Part):
    """`ratio: {numerator: CD3, denominator: CD19}`: a*(numerator - b)/(denominator - c)."""

    numerator: Text
    denominator: Text
    a: Finite = 1.0
    b: Finite = 0.0
    c: Finite = 0.0


class DimensionPart(Part):
    """A channel by name, or a mapping that also says how it is compensated and scaled."""

    channel: Text | None = None
    ratio: RatioPart | None = None
    compensation: Text | None = None
    scale: Any = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, given: Any) -> Any:
        if isinstance(given, str | WrittenFloat | WrittenInt):
            return {"channel": _as_written(given)}
        if isinstance(given, Mapping) and ("channel" in given) == ("ratio" in given):
            kind = "dimension_choice"
            raise PydanticCustomError(kind, "a dimension needs either 'channel' or 'ratio'")
        return given


class Shape(Part):
    """What every shape says about its coordinates."""

    units: Annotated[Units, Field(strict=False)] = Units.LINEAR


class AbovePart(Shape):
    """Events at or above a cut."""

    channel: DimensionPart
    cut: Finite


class BelowPart(AbovePart):
    """Events below a cut."""


class SidePart(Part):
    """One dimension and its range; an end left out is open."""

    channel: DimensionPart
    low: Finite | None = None
    high: Finite | None = None


class RangePart(Shape, SidePart):
    """Events in [low, high)."""


class RectanglePart(Shape):
    """Events in [low, high) on each of several dimensions."""

    sides: Annotated[list[SidePart], Field(min_length=1)]


class PolygonPart(Shape):
    """Events inside an outline."""

    x: DimensionPart
    y: DimensionPart
    vertices: Annotated[list[Point], Field(min_length=3)]


class EllipsePart(Shape):
    """Events inside an ellipse on two dimensions."""

    x: DimensionPart
    y: DimensionPart
    center: Point
    covariance: Annotated[list[Point], Field(min_length=2, max_length=2)]
    distance_square: Finite = 1.0


class EllipsoidPart(Shape):
    """Events inside an ellipsoid on two or more dimensions."""

    dimensions: Annotated[list[DimensionPart], Field(min_length=2)]
    center: list[Finite]
    covariance: list[list[Finite]]
    distance_square: Finite = 1.0


class DividerPart(Part):
    """One dimension and where it is cut."""

    channel: DimensionPart
    cut: FiniteList


class QuadrantsPart(Shape):
    """Populations between dividers: for each its place on every dimension, `low`, `high` or a bin number."""

    dividers: Annotated[list[DividerPart], Field(min_length=1)]
    populations: Annotated[dict[Name, dict[str, Place]], Field(min_length=1)]


class SingletsPart(Part):
    """Single cells by height on area."""

    area: DimensionPart
    height: DimensionPart
    width: Finite = 4.0
    min_events: int = 200
    fallback: Point | None = None


SHAPES: Mapping[str, type[Part] | None] = {
    "above": AbovePart,
    "below": BelowPart,
    "range": RangePart,
    "rectangle": RectanglePart,
    "polygon": PolygonPart,
    "ellipse": EllipsePart,
    "ellipsoid": EllipsoidPart,
    "quadrants": QuadrantsPart,
    "boolean": None,  # nests, so it is read by hand
    "singlets": SingletsPart,
}


class PopulationPart(Part):
    """What every population says of itself; its shape is checked apart."""

    name: Name | None = None
    parent: Text = "root"


class MarkerPart(Part):
    """Other names under which files may carry the marker."""

    aliases: TextList = []

    @model_validator(mode="before")
    @classmethod
    def _from_nothing(cls, given: Any) -> Any:
        return {} if given is None else given


class IntensityPart(Part):
    """A channel whose middle is reported."""

    channel: Text
    statistic: Literal["median", "geo_mean"] = "median"


class ReportPart(Part):
    """What is reported of one population."""

    population: Text
    percent_of: TextList = []
    concentration: bool = False
    headline: bool = False
    intensity: list[IntensityPart] = []


class CarryOverPart(Part):
    """Which population of this tube holds the cells that a second tube counts."""

    population: Text
    counted_as: Text


class TwoBeadsPart(Part):
    """The two kinds of beads of a product that holds both, and how many A there are for each B."""

    a: Text
    b: Text
    ratio: Annotated[float, Field(gt=0)] = 1.0


class CountingPart(Part):
    """Which populations absolute counts are computed from."""

    beads: Text | None = None
    two_beads: TwoBeadsPart | None = None
    lymphocytes: Text | None = None
    leukocytes: Text | None = None
    carry_over: CarryOverPart | None = None


class ViabilityPart(Part):
    """Which cells are alive, of which, and from what percentage on."""

    population: Text
    of: Text
    warn_below: Annotated[float, Field(ge=0, le=100)] = 85.0
    refuse_below: Annotated[float, Field(ge=0, le=100)] = 70.0


class DelayPart(Part):
    """How many hours may pass between the blood draw and the measurement."""

    warn_above: Annotated[float, Field(gt=0)]
    refuse_above: Annotated[float, Field(gt=0)]


class AcceptancePart(Part):
    """When a sample is not fit for a count."""

    viability: ViabilityPart | None = None
    delay_h: DelayPart | None = None


class AlertPart(Part):
    """A population that somebody must be told of if it is there."""

    population: Text
    code: Code
    message: Name
    severity: Literal["warn", "fail", "info"] = "warn"


class BackgroundPart(Part):
    """How many events of a population's parent lie in its gate though they do not belong there.

    `controls` are the kinds of controls that measure it, best first; `percent_of_parent` is taken where none did.
    """

    population: Text
    percent_of_parent: Percent | None = None
    controls: Annotated[list[BackgroundControl], BeforeValidator(_as_list)] = []

    @model_validator(mode="before")
    @classmethod
    def _is_told(cls, given: Any) -> Any:
        return _with_one_of(given, "percent_of_parent", "controls")


class SensitivityPart(Part):
    """How few cells of a population a sample should be able to give a number for."""

    population: Text
    percent_of_parent: Percent | None = None
    cells_per_ul: Annotated[Finite, Field(gt=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_told(cls, given: Any) -> Any:
        return _with_one_of(given, "percent_of_parent", "cells_per_ul")


class LimitsPart(Part):
    """Least events to call a population detected, and to give a number."""

    lod_events: Annotated[int, Field(ge=1)] = 20
    lloq_events: Annotated[int, Field(ge=1)] = 50
    background: list[BackgroundPart] = []
    sensitivity: list[SensitivityPart] = []


class SumPart(Part):
    """Populations that should add up to another one, as T, B and NK cells to lymphocytes; limits in percent of it."""

    name: Name
    of: Text
    parts: Annotated[list[Text], Field(min_length=2)]
    between: Point = [90.0, 110.0]
    target: Point = [95.0, 105.0]


class ChecksPart(Part):
    """What is checked of the numbers of each sample."""

    sums: list[SumPart] = []


class TopPart(Part):
    """The keys of the document itself; lists and mappings inside are checked apart."""

    template: Text
    version: Text
    description: Text | None = None
    markers: Any = None
    compensation: Text = "file"
    matrices: dict[str, Text] = {}
    scales: dict[str, Any] = {}
    populations: Annotated[list[Any], Field(min_length=1)]
    limits: LimitsPart = LimitsPart()
    counting: Any = None
    acceptance: Any = None
    checks: ChecksPart = ChecksPart()
    report: list[Any] = []
    alerts: list[Any] = []


def check_part(
    part: type[P],
    data: Any,
    way: Sequence[Hashable],
    places: Places,
    problems: list[Problem],
    *,
    besides: Sequence[str] = (),
) -> P | None:
    """Return `data` as a part, or None after adding what is wrong with it to `problems`."""
    try:
        return part.model_validate(data)
    except ValidationError as e:
        problems.extend(_problem(error, part, way, places, besides) for error in e.errors(include_url=False))
        return None


def _problem(
    error: ErrorDetails, part: type[Part], way: Sequence[Hashable], places: Places, besides: Sequence[str]
) -> Problem:
    steps = [s for s in error["loc"] if s != "[key]"]  # pydantic's mark of a key that is wrong itself
    found = _shown(error["input"])
    key = steps[-1] if steps else ""
    kind = error["type"]
    is_key = kind == "extra_forbidden"
    if is_key:
        known = [*_fields_at(part, steps[:-1]), *besides]
        message = f"unknown key {key!r}{did_you_mean(str(key), known)}; known are: {', '.join(known)}"
    elif kind == "missing":
        message, steps = f"missing key {key!r}", steps[:-1]
    elif kind in {"too_short", "too_long"}:
        context = error.get("ctx", {})
        bound = f"at least {context['min_length']}" if kind == "too_short" else f"at most {context['max_length']}"
        message = f"expected {bound} items, found {context['actual_length']}"
    elif kind == "literal_error":
        message = f"expected {error['ctx']['expected']}, found {found}"
    elif kind in _WANTED:
        message = f"expected {_WANTED[kind]}, found {found}"
    else:
        message = f"{error['msg'][0].lower()}{error['msg'][1:]}, found {found}"
    full = (*way, *steps)
    line, column = places.of(full, key=is_key)
    return Problem(message, where=in_words(full[:-1] if is_key else full), line=line, column=column)


_WANTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "finite_number": "a finite number",
    "string_type": "text (in quotes if it looks like true, false or null)",
    "string_too_short": "text that is not empty",
    "list_type": "a list [...]",
    "dict_type": "a mapping {key: value}",
    "model_type": "a mapping {key: value}",
    "model_attributes_type": "a mapping {key: value}",
    "bool_type": "true or false",
    "enum": "'linear' or 'scale'",
}


def in_words(way: Sequence[Hashable]) -> str:
    """Return the way in words, counting list items from 1: `populations[3].polygon`."""
    text = ""
    for step in way:
        text += f"[{step + 1}]" if isinstance(step, int) else (f".{step}" if text else str(step))
    return text


def _shown(value: Any) -> str:
    text = repr(value.text if isinstance(value, WrittenFloat | WrittenInt) else value)
    return text if len(text) < 60 else text[:57] + "..."


def _fields_at(part: type[Part], steps: Sequence[Hashable]) -> list[str]:
    """Return the known keys of the mapping at the end of `steps`."""
    here = part
    for step in steps:
        if isinstance(step, str) and step in here.model_fields:
            here = next(_parts_in(here.model_fields[step].annotation), here)
    return list(here.model_fields)


def _parts_in(annotation: Any) -> Iterator[type[Part]]:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _parts_in(inner)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return ` (did you mean 'parent'?)` for a word close to a known one, else nothing.

    Words that differ in their numbers are never close: CD33 is not a CD3 with a slip of the finger.
    """
    known = [k for k in known if re.findall(r"\d+", k) == re.findall(r"\d+", word)]
    begun = [k for k in known if len(word) > 2 and k.startswith(word)]
    close = (
        begun[:1]
        or get_close_matches(word, known, n=1, cutoff=0.6)
        or get_close_matches(word.casefold(), [k.casefold() for k in known], n=1)
    )
    if not close:
        return ""
    meant = next(k for k in known if close[0] in {k, k.casefold()})
    return f" (did you mean {meant!r}?)"

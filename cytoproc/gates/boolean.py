"""Populations combined by and, or, not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cytoproc.errors import GateError
from cytoproc.gates.dimension import Columns, Dimension
from cytoproc.model.events import Mask

__all__ = ["BooleanGate", "Operator"]


class Operator(StrEnum):
    """How the operands are combined."""

    AND = "and"
    OR = "or"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class BooleanGate:
    """Events by their membership in other populations.

    Parameters
    ----------
    operator
        `and` and `or` take two operands or more, `not` takes one (GatingML 2.0).
    operands
        Population paths, or further boolean gates; a complement is a `not`.
    """

    operator: Operator
    operands: tuple[str | BooleanGate, ...]

    def __post_init__(self) -> None:
        """Check the number of operands."""
        fits = len(self.operands) == 1 if self.operator is Operator.NOT else len(self.operands) > 1
        if not fits:
            wanted = "exactly one operand" if self.operator is Operator.NOT else "two operands or more"
            msg = f"'{self.operator}' needs {wanted}, it has {len(self.operands)}"
            raise GateError(msg)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """None: it asks populations, not channels."""
        return ()

    def references(self) -> Iterator[str]:
        """Yield every population path it asks for."""
        for operand in self.operands:
            if isinstance(operand, BooleanGate):
                yield from operand.references()
            else:
                yield operand

    def contains(self, columns: Columns) -> Mask:
        """Return one boolean an event: true to the expression or not."""
        masks = [o.contains(columns) if isinstance(o, BooleanGate) else columns.member(o) for o in self.operands]
        if self.operator is Operator.NOT:
            return ~masks[0]
        combine = np.logical_and if self.operator is Operator.AND else np.logical_or
        result = combine(masks[0], masks[1])
        for mask in masks[2:]:
            combine(result, mask, out=result)
        return result

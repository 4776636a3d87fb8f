"""How a study counts: which intervals, which technical errors, and when a count is refused or only flagged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from cytoproc.templates.document import Part

__all__ = ["CountRules", "CountsPart", "TechnicalCVs"]


@dataclass(frozen=True, slots=True)
class TechnicalCVs:
    """Errors besides those of counting events, each as a coefficient of variation (0.05 is 5 %); 0 if not known.

    `pipetting` of the blood · `beads` of the lot's number of beads · `volume` of the cytometer's pump · `blood_count`
    of the analyser's lymphocytes or white blood cells · `gate` of where gates are drawn.
    """

    pipetting: float = 0.0
    beads: float = 0.0
    volume: float = 0.0
    blood_count: float = 0.0
    gate: float = 0.0


_NO_ERRORS = TechnicalCVs()


@dataclass(frozen=True, slots=True)
class CountRules:
    """The rules for cells/µL; fields that end in `_percent` are 0-100, `_between` are ratios, `cv` is 0.05 for 5 %.

    `interval` is `exact` or `log-delta`, which alone knows technical errors; `percent_interval` is `clopper-pearson`,
    `wilson` or `jeffreys`. Below `min_beads`, or below `min_bead_percent` of the beads that were put in, a count is
    refused; below `few_beads` it is flagged. `bead_lot_cv` is how far a lot's number of beads may be off where the lot
    does not say. Where the share of beads among events changes by more than `bead_share_cv` during the acquisition, and
    more than chance does, it is flagged, and refused from `bead_share_cv_most` on. `bead_ratio_percent` is how far the
    ratio of two kinds of beads may be off. `masked_volume` is `confirmed` where somebody knows that the pump went on
    while events were left out. The others are limits of the checks between tubes.
    """

    interval: str = "exact"
    percent_interval: str = "clopper-pearson"
    cv: TechnicalCVs = _NO_ERRORS
    min_beads: int = 1000
    few_beads: int = 2500
    min_bead_percent: float = 1.0
    bead_lot_cv: float = 0.04
    bead_share_cv: float = 0.15
    bead_share_cv_most: float = 0.30
    bead_ratio_percent: float = 10.0
    masked_volume: str = "refused"
    duplicates_percent: float = 10.0
    duplicates_percent_few: float = 25.0
    few_events: int = 100
    tubes_percent: float = 20.0
    platforms_between: tuple[float, float] = (0.8, 1.25)


_USUAL = CountRules()
_CV = Annotated[float, Field(ge=0, lt=1)]
_Percent = Annotated[float, Field(gt=0, le=100)]
_Count = Annotated[int, Field(ge=1)]


class _CVPart(Part):
    pipetting: _CV = 0.0
    beads: _CV = 0.0
    volume: _CV = 0.0
    blood_count: _CV = 0.0
    gate: _CV = 0.0


class _QCPart(Part):
    min_beads: _Count = _USUAL.min_beads
    few_beads: _Count = _USUAL.few_beads
    min_bead_percent: _Percent = _USUAL.min_bead_percent
    bead_lot_cv: _CV = _USUAL.bead_lot_cv
    bead_share_cv: _CV = _USUAL.bead_share_cv
    bead_share_cv_most: _CV = _USUAL.bead_share_cv_most
    bead_ratio_percent: _Percent = _USUAL.bead_ratio_percent
    masked_volume: Literal["refused", "confirmed"] = "refused"
    duplicates_percent: _Percent = _USUAL.duplicates_percent
    duplicates_percent_few: _Percent = _USUAL.duplicates_percent_few
    few_events: _Count = _USUAL.few_events
    tubes_percent: _Percent = _USUAL.tubes_percent
    platforms_between: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=2, max_length=2)] | None = None


class CountsPart(Part):
    """The key `counts` of a study file."""

    interval: Literal["exact", "log-delta"] = "exact"
    percent_interval: Literal["clopper-pearson", "wilson", "jeffreys"] = "clopper-pearson"
    cv: _CVPart = _CVPart()
    qc: _QCPart = _QCPart()

    def rules(self) -> CountRules:
        """Return what the keys say."""
        errors = TechnicalCVs(**self.cv.model_dump())
        low, high = self.qc.platforms_between or _USUAL.platforms_between
        given = self.qc.model_dump() | {"platforms_between": (low, high)}
        return CountRules(self.interval, self.percent_interval, errors, **given)

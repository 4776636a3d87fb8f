"""What each column of the table `results` is: meaning, kind, unit, the values it may have, and what CDISC calls it."""

from __future__ import annotations

from cytoproc.export.table import Kind, Table, text_column
from cytoproc.quantify.status import Status
from cytoproc.study.result_row import COLUMNS, TEXTS

__all__ = ["MEANINGS", "NEVER_EMPTY", "STANDARDS", "UNITS", "VALUES", "dictionary_table", "kind_of"]

MEANINGS = {
    "study_id": "the study's name",
    "sample_id": "the sample, as the manifest calls it",
    "site_id": "where the subject is treated",
    "subject_id": "whose blood it is",
    "visit": "the visit's name",
    "visit_num": "the visit's number, for sorting",
    "nominal_day": "the visit's planned day",
    "collection_dtc": "when the specimen was taken",
    "infusion_dtc": "when the subject was infused",
    "study_day": "day from the infusion: 1 on the day itself, -1 on the day before, no day 0",
    "actual_days_post_infusion": "days from the infusion, with a fraction where both times are known",
    "specimen_id": "which blood draw",
    "tube_id": "which panel",
    "control": "which control the tube is; empty for a patient's tube",
    "panel_id": "the lab's name of the panel",
    "panel_version": "the lab's version of the panel",
    "template_id": "name of the gating template",
    "template_version": "version of the gating template",
    "gate_source": "where the gate comes from: LOCKED in the template, FILE found in this file, FALLBACK a substitute",
    "software_version": "version of cytoproc",
    "run_id": "a name for what went into the run: version, study, manifest, templates, files",
    "batch_id": "which samples were measured together",
    "instrument": "the cytometer, as the file says",
    "operator": "who measured, from the manifest",
    "reviewer": "who reviewed; empty until somebody has",
    "fcs_file": "the file, from the study folder",
    "fcs_sha256": "fingerprint of the file's bytes",
    "pooled_from": "the samples of which a pooled line was made",
    "result_id": "a name for the line: sample, population, statistic, denominator, marker",
    "population_id": "the population's path from the top of the gating tree",
    "population_label": "its last name",
    "marker_string": "its markers as the cuts on the way to it say: CD3+CD19-",
    "parent_id": "the population it was gated from",
    "denominator_id": "of what the percentage is; of cells/µL, what the cells were counted against",
    "statistic": "COUNT events, PCT percent, ABS cells/µL of blood, MFI middle intensity",
    "marker": "of an intensity: the marker, and which middle",
    "value_raw": "the number, whatever its status",
    "value_reported": "the number if its status is QUANT, else empty",
    "value_char": "the number or its status in words",
    "unit": "the unit of the values, the interval and the limits",
    "n_events": "events in the population",
    "n_parent": "events in its parent",
    "n_denominator": "events in what denominator_id names",
    "n_beads": "counting beads seen",
    "beads_per_tube": "counting beads that were put in the tube",
    "sample_volume_ul": "blood put in the tube, µL",
    "dilution_factor": "how many times the blood was diluted",
    "vol_acquired_nl": "volume that the cytometer measured, nL",
    "v_eff_ul": "blood that was looked at, µL",
    "count_method": "how cells were counted: beads (SP_BEAD), volume (SP_VOL), a blood count (DP_), a second tube",
    "counted_in": "of a second tube: the sample of the same blood from which cells/µL were carried over",
    "ci_low": "lower end of the confidence interval",
    "ci_high": "upper end of the confidence interval; of what was not detected, its upper limit",
    "ci_method": "how the interval was computed",
    "ci_level": "its level, 0 to 1",
    "cv_pct": "coefficient of variation of the number, percent; of a percentage that of a binomial share",
    "lod_events": "fewest events to be detected",
    "lloq_events": "fewest events for a number",
    "lloq_value": "lloq_events as a value, in the line's unit",
    "lod_value": "lod_events as a value, in the line's unit",
    "background_events": "false events to be expected in the population, a mean",
    "background_source": "where that is known from",
    "lob_events": "limit of blank: what a blank of that background does not exceed in 95 of 100",
    "lod_exact_events": "limit of detection: the mean of which 95 of 100 counts exceed the limit of blank",
    "singlet_loss_pct": "cells that the singlet gates removed with doublets, percent; beads lose none",
    "status": "whether the number may be reported",
    "qc_status": "of the whole sample: PASS, WARN something was found, FAIL it failed or its count was refused",
    "qc_flags": "codes of what was found",
    "comment": "the same in words",
    "reference_low": "lower end of the reference range, in the line's unit",
    "reference_high": "upper end of the reference range, in the line's unit",
    "ref_indicator": "the number against that range: LOW, NORMAL, HIGH",
    "ref_source": "where the range comes from",
    "baseline_value": "the subject's own number at the visit that the study calls baseline",
    "change": "value_reported less baseline_value",
    "change_pct": "the same in percent of baseline_value",
    "analyst_signature_id": "the signature; empty until somebody has signed",
    "result_state": "preliminary until somebody has reviewed it; amended if it was changed after that",
}
"""What each column means, in a line."""

_OF_THE_LINE = ("value_raw", "value_reported", "ci_low", "ci_high", "lloq_value", "lod_value")
_COMPARED = ("reference_low", "reference_high", "baseline_value", "change")
_PERCENT = ("cv_pct", "singlet_loss_pct", "change_pct")
_EVENTS = ("n_parent", "n_denominator", *(name for name in COLUMNS if name.endswith("_events")))

UNITS = {
    **dict.fromkeys((*_OF_THE_LINE, *_COMPARED), "as in the column unit"),
    **dict.fromkeys(_EVENTS, "events"),
    **dict.fromkeys(_PERCENT, "percent"),
    **dict.fromkeys(("n_beads", "beads_per_tube"), "beads"),
    **dict.fromkeys(("sample_volume_ul", "v_eff_ul"), "uL"),
    **dict.fromkeys(("nominal_day", "study_day", "actual_days_post_infusion"), "days"),
    **dict.fromkeys(("collection_dtc", "infusion_dtc"), "ISO 8601"),
    "vol_acquired_nl": "nL",
    "ci_level": "0 to 1",
}
"""The unit of a column; a column that is not here has none."""

VALUES = {
    "statistic": ("COUNT", "PCT", "ABS", "MFI"),
    "unit": ("events", "%", "cells/uL", "linear"),
    "count_method": ("SP_BEAD", "SP_VOL", "DP_ALC", "DP_WBC", "SECOND_TUBE"),
    "status": tuple(status.value for status in Status),
    "qc_status": ("PASS", "WARN", "FAIL"),
    "ref_indicator": ("LOW", "NORMAL", "HIGH"),
    "result_state": ("preliminary", "reviewed", "amended"),
}
"""The only values that a column may have, besides being empty."""

NEVER_EMPTY = {
    "study_id",
    "sample_id",
    "template_id",
    "template_version",
    "software_version",
    "run_id",
    "fcs_file",
    "result_id",
    "value_char",
    "status",
    "qc_status",
    "result_state",
}

STANDARDS = {
    "study_id": "SDTM STUDYID",
    "site_id": "SDTM DM.SITEID",
    "subject_id": "SDTM DM.SUBJID",
    "visit": "SDTM VISIT",
    "visit_num": "SDTM VISITNUM",
    "nominal_day": "SDTM VISITDY",
    "collection_dtc": "SDTM CP.CPDTC",
    "infusion_dtc": "SDTM EX.EXSTDTC",
    "study_day": "SDTM CP.CPDY, counted from EXSTDTC",
    "specimen_id": "SDTM CP.CPREFID",
    "panel_id": "SDTM CP.CPTSTPNL",
    "result_id": "SDTM CP.CPSPID",
    "population_id": "SDTM CP.CPGATDEF",
    "population_label": "SDTM CP.CPTEST",
    "marker_string": "SDTM CP.CPMRKSTR",
    "statistic": "SDTM CP.CPRESTYP",
    "value_reported": "SDTM CP.CPSTRESN",
    "value_char": "SDTM CP.CPSTRESC",
    "unit": "SDTM CP.CPSTRESU",
    "lloq_value": "SDTM SUPPCP.CPLLOQ",
    "lod_value": "SDTM SUPPCP.CPLLOD",
    "comment": "SDTM CO.COVAL",
    "reference_low": "SDTM CP.CPSTNRLO",
    "reference_high": "SDTM CP.CPSTNRHI",
    "ref_indicator": "SDTM CP.CPNRIND",
    "baseline_value": "ADaM BASE",
    "change": "ADaM CHG",
    "change_pct": "ADaM PCHG",
}
"""The variable of CDISC (SDTMIG 3.4, ADaM) that a column becomes, where there is one."""

_NUMBERS_AS_WRITTEN = {"visit_num", "nominal_day"}
_MEANS = {"background_events", "lod_exact_events"}
_NAMES_OF_KINDS = {Kind.TEXT: "text", Kind.COUNT: "whole number", Kind.NUMBER: "number", Kind.PERCENT: "number"}


def kind_of(name: str) -> Kind:
    """Return what a column of the table `results` holds: a number of events that were seen is a whole number.

    >>> kind_of("n_events"), kind_of("background_events"), kind_of("visit_num"), kind_of("change_pct")
    (<Kind.COUNT: 'count'>, <Kind.NUMBER: 'number'>, <Kind.NUMBER: 'number'>, <Kind.PERCENT: 'percent'>)
    """
    if name in TEXTS and name not in _NUMBERS_AS_WRITTEN:
        return Kind.TEXT
    if name in _PERCENT:
        return Kind.PERCENT
    is_count = name.startswith("n_") or name.endswith("_events")
    return Kind.COUNT if is_count and name not in _MEANS else Kind.NUMBER


def dictionary_table() -> Table:
    """Return the data dictionary of the table `results`: one line a column, in its order."""
    return Table(
        (
            text_column("column", COLUMNS),
            text_column("type", (_NAMES_OF_KINDS[kind_of(name)] for name in COLUMNS)),
            text_column("unit", (UNITS.get(name, "") for name in COLUMNS)),
            text_column("meaning", (MEANINGS[name] for name in COLUMNS)),
            text_column("values", ("; ".join(VALUES.get(name, ())) for name in COLUMNS)),
            text_column("may be empty", ("no" if name in NEVER_EMPTY else "yes" for name in COLUMNS)),
            text_column("standard", (STANDARDS.get(name, "") for name in COLUMNS)),
        )
    )

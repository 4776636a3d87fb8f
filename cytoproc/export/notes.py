"""What stands in the workbook's sheet `Notes`: what each column means, how the numbers were made, where the rest is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cytoproc.export.table import Table, text_column
from cytoproc.quantify.status import Status
from cytoproc.study.results import COLUMNS

__all__ = ["MEANINGS", "notes_table"]

MEANINGS = {
    "study_id": "the study's name",
    "sample_id": "the sample, as the manifest calls it",
    "subject_id": "who",
    "specimen_id": "which blood draw",
    "visit": "the visit's name",
    "nominal_day": "the visit's planned day",
    "collection_dtc": "when the specimen was taken",
    "tube_id": "which panel",
    "control": "which control the tube is; empty for a patient's tube",
    "template_id": "name of the gating template",
    "template_version": "version of the gating template",
    "gate_source": "where the gate comes from: LOCKED in the template, FILE found in this file, FALLBACK a substitute",
    "software_version": "version of cytoproc",
    "batch_id": "which samples were measured together",
    "instrument": "the cytometer, as the file says",
    "fcs_file": "the file, from the study folder",
    "fcs_sha256": "fingerprint of the file's bytes",
    "result_id": "a name for the line: sample, population, statistic, denominator, marker",
    "population_id": "the population's path from the top of the gating tree",
    "population_label": "its last name",
    "parent_id": "the population it was gated from",
    "denominator_id": "of what the percentage is",
    "statistic": "COUNT events, PCT percent, ABS cells/µL of blood, MFI middle intensity",
    "marker": "of an intensity: the marker, and which middle",
    "value_raw": "the number, whatever its status",
    "value_reported": "the number if its status is QUANT, else empty",
    "value_char": "the number or its status in words",
    "unit": "the unit of the values, the interval and the limits",
    "n_events": "events in the population",
    "n_parent": "events in its parent",
    "n_denominator": "events in what the percentage is of",
    "n_beads": "counting beads seen",
    "beads_per_tube": "counting beads that were put in the tube",
    "sample_volume_ul": "blood put in the tube, µL",
    "dilution_factor": "how many times the blood was diluted",
    "vol_acquired_nl": "volume that the cytometer measured, nL",
    "v_eff_ul": "blood that was looked at, µL",
    "count_method": "how cells were counted: beads (SP_BEAD), volume (SP_VOL), a blood count (DP_), a second tube",
    "ci_low": "lower end of the confidence interval",
    "ci_high": "upper end of the confidence interval; of what was not detected, its upper limit",
    "ci_method": "how the interval was computed",
    "ci_level": "its level, 0 to 1",
    "lod_events": "fewest events to be detected",
    "lloq_events": "fewest events for a number",
    "lod_value": "the same as a value, in the line's unit",
    "lloq_value": "the same as a value, in the line's unit",
    "singlet_loss_pct": "cells that the singlet gates removed with doublets, percent; beads lose none",
    "status": "whether the number may be reported, see below",
    "qc_status": "of the whole sample: PASS, WARN something was found, FAIL it could not be processed",
    "qc_flags": "codes of what was found",
    "comment": "the same in words",
}
_WIDE = {
    "NAME events": "events in the population",
    "NAME % of OTHER": "percent of the other population, if it may be reported",
    "NAME cells/uL": "cells per µL of blood, if it may be reported (status QUANT)",
    "NAME cells/uL ci_low, ci_high": "the confidence interval; of what was not detected, up to its upper limit",
    "NAME cells/uL status": "whether there is a number, and if not, why",
    "NAME cells/uL lloq": "the concentration from which there is a number",
    "NAME MARKER median, geo_mean": "middle intensity of the marker, if it may be reported",
}
_SHEETS = {
    "Summary": "one line a sample and headline population of its template: the numbers to look at first.",
    "Wide": "one line a sample: to read, sort and plot. The same as wide.csv, with shorter headings.",
    "Results": "one line a number, with all that is needed to judge it. The same as results.csv.",
    "Samples": "one line a sample: the file, its fingerprint, its template, and what was found about it.",
}
_STATUS = {
    Status.QUANT: "the number may be reported",
    Status.BLQ: "below the limit of quantification: seen, but too few events for a number",
    Status.ND: "not detected: too few events to call it a population; the upper limit is what it may be at most",
    Status.NOT_EVALUABLE: "too few events in the denominator",
    Status.INVALID: "the file or its counting was refused; qc_flags and comment say why",
    Status.NOT_DONE: "there is no tube",
}
_ELSEWHERE = {
    "results.csv, wide.csv": "the same tables as text; a text that a spreadsheet would run has an apostrophe in front",
    "results.parquet, wide.parquet": "the same tables with their types, for R and pandas",
    "record.json": "versions, and the fingerprints of every file and template: what it takes to compute this again",
    "run.log": "when the run was made",
}


def notes_table(facts: Mapping[str, str], wide: Table) -> Table:
    """Return the notes: `facts` about the run first, then sheets, statuses, files, and every column."""
    lines = list(_lines(facts, wide))
    return Table(tuple(text_column(name, cells) for name, cells in zip(_HEADER, zip(*lines, strict=True), strict=True)))


_HEADER = ("about", "name", "meaning")


def _lines(facts: Mapping[str, str], wide: Table) -> Iterator[tuple[str, str, str]]:
    parts: list[tuple[str, Mapping[str, str]]] = [
        ("run", facts),
        ("sheet", _SHEETS),
        ("status", {status.value: meaning for status, meaning in _STATUS.items()}),
        ("file", _ELSEWHERE),
        ("Wide", _WIDE),
        ("Wide, in full", {c.title: c.name for c in wide.columns if c.title}),
        ("Results", {name: MEANINGS[name] for name in COLUMNS}),
    ]
    for about, part in parts:
        for name, meaning in part.items():
            yield about, name, meaning

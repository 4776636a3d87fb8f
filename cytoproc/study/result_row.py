"""A row of the long table."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["COLUMNS", "TEXTS", "ResultRow"]


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One number and all that is needed to judge it.

    Column names are those of a lab's flat result table (CDISC habits). Percentages are 0-100. Empty text and NaN
    mean: does not apply. `own` holds the columns of the manifest that only the lab knows, carried through as written;
    they are the last columns of every table.
    """

    study_id: str
    sample_id: str
    site_id: str
    subject_id: str
    visit: str
    visit_num: str
    nominal_day: str
    collection_dtc: str
    infusion_dtc: str
    study_day: float
    actual_days_post_infusion: float
    specimen_id: str
    tube_id: str
    control: str
    panel_id: str
    panel_version: str
    template_id: str
    template_version: str
    gate_source: str
    software_version: str
    run_id: str
    batch_id: str
    instrument: str
    operator: str
    reviewer: str
    fcs_file: str
    fcs_sha256: str
    pooled_from: str
    result_id: str
    population_id: str
    population_label: str
    marker_string: str
    parent_id: str
    denominator_id: str
    statistic: str
    marker: str
    value_raw: float
    value_reported: float
    value_char: str
    unit: str
    n_events: float
    n_parent: float
    n_denominator: float
    n_beads: float
    beads_per_tube: float
    sample_volume_ul: float
    dilution_factor: float
    vol_acquired_nl: float
    v_eff_ul: float
    count_method: str
    counted_in: str
    ci_low: float
    ci_high: float
    ci_method: str
    ci_level: float
    cv_pct: float
    lod_events: float
    lloq_events: float
    lloq_value: float
    lod_value: float
    background_events: float
    background_source: str
    lob_events: float
    lod_exact_events: float
    singlet_loss_pct: float
    status: str
    qc_status: str
    qc_flags: str
    comment: str
    reference_low: float
    reference_high: float
    ref_indicator: str
    ref_source: str
    baseline_value: float
    change: float
    change_pct: float
    analyst_signature_id: str
    result_state: str
    own: tuple[tuple[str, str], ...] = ()


COLUMNS = tuple(f.name for f in fields(ResultRow) if f.name != "own")
"""The columns of ours, in their order."""

TEXTS = tuple(f.name for f in fields(ResultRow) if f.type == "str")
"""Those of them that hold text."""

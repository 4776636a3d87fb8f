"""Studies of counted tubes, made by hand: a tube T with beads, and a tube B whose cells tube T counts."""

from dataclasses import replace
from pathlib import Path

from cytoproc.model.results import PopulationCount, SampleResult
from cytoproc.study.definition import Study
from cytoproc.study.manifest import Manifest, Sample
from cytoproc.study.results import collect
from cytoproc.templates.reading import parse_template

TUBE_T = parse_template("""\
template: tube T
version: "1"
markers: [CD3, CD19]
populations:
  - {name: Beads, above: {channel: SSC-A, cut: 200000}}
  - {name: Cells, below: {channel: SSC-A, cut: 200000}}
  - {name: Singlets, parent: Cells, singlets: {area: FSC-A, height: FSC-H}}
  - {name: T, parent: Singlets, above: {channel: CD3, cut: 100}}
  - {name: B, parent: Singlets, above: {channel: CD19, cut: 100}}
counting: {beads: Beads, lymphocytes: Singlets, leukocytes: Cells}
report:
  - {population: T, concentration: true}
  - {population: B, concentration: true}
""")
TUBE_B = parse_template("""\
template: tube B
version: "1"
markers: [CD19, IgD, CD38]
populations:
  - {name: Singlets, singlets: {area: FSC-A, height: FSC-H}}
  - {name: B, parent: Singlets, above: {channel: CD19, cut: 100}}
  - {name: Naive, parent: B, above: {channel: IgD, cut: 100}}
  - {name: PB, parent: Singlets, above: {channel: CD38, cut: 100}}
counting: {carry_over: {population: B, counted_as: B}}
report:
  - {population: B, concentration: true}
  - {population: Naive, concentration: true}
  - {population: PB, concentration: true}
""")
PATHS_T = ("Beads", "Cells", "Cells/Singlets", "Cells/Singlets/T", "Cells/Singlets/B")
PATHS_B = ("Singlets", "Singlets/B", "Singlets/B/Naive", "Singlets/PB")
BEADS = {"count_method": "SP_BEAD", "beads_per_tube": "50000", "sample_volume_ul": "100"}
DRAW = {"subject_id": "P1", "specimen_id": "P1-D14"}


def sample_of(sample_id, tube, **columns):
    """Return a row of the manifest: tube `T` or `B`, and further cells."""
    return Sample(sample_id, Path(f"{sample_id}.fcs"), f"{sample_id}.fcs", (("template", tube), *columns.items()))


def tube_row(sample_id, tube, **columns):
    """Return a row of the manifest that says of the blood draw which tube it is: one that may be pooled."""
    made = sample_of(sample_id, tube, **DRAW, **columns)
    return replace(made, columns=(*made.columns, ("tube", tube)))


def result_of(sample_id, paths, numbers, **more):
    """Return the result of a file with these numbers of events, one for each path."""
    counts = dict(zip(paths, numbers, strict=True))
    counts["root"] = 100_000
    found = [PopulationCount("root", "", 100_000, 100_000)]
    for path in paths:
        parent = path.rpartition("/")[0] or "root"
        found.append(PopulationCount(path, parent, counts[path], counts[parent]))
    return SampleResult(sample_id, f"{sample_id}.fcs", counts=tuple(found), n_events=100_000, **more)


def tube_t(beads=10_000, cells=20_000, singlets=20_000, t=2000, b=400, **more):
    """Return the result of a tube T; 10,000 of 50,000 beads are 20 of its 100 µL of blood."""
    return result_of("t", PATHS_T, (beads, cells, singlets, t, b), **more)


def tube_b(singlets=30_000, b=600, naive=300, pb=60, **more):
    """Return the result of a tube B without beads."""
    return result_of("b", PATHS_B, (singlets, b, naive, pb), **more)


def study_of(*samples, t=TUBE_T, b=TUBE_B, **more):
    """Return the study of these samples."""
    return Study("by hand", Manifest(samples), {"T": t, "B": b}, **more)


def counted_rows(results, study):
    """Return the rows of concentrations, by sample and population."""
    return {(r.sample_id, r.population_label): r for r in collect(results, study) if r.statistic == "ABS"}


def row_of(results, study, sample_id="t", population="B"):
    """Return one row of a concentration."""
    return counted_rows(results, study)[sample_id, population]

"""A template document with every shape, for the tests to read and to spoil."""

COMPLETE = """\
template: everything
version: 1.10
description: Every shape once
markers:
  CD3: {aliases: [CD3e, "CD3 APC"]}
  CD4:
  CD8: {aliases: CD8a}
  CAR: {aliases: [FMC63]}
  Viability: {}
compensation: file
matrices: {lab: lab.csv}
scales:
  fluorescence: {logicle: {t: 262144, w: 0.5, m: 4.5, a: 0}}
  CAR: {asinh: {cofactor: 150}}
  scatter: linear
populations:
  - name: Cells
    parent: root
    polygon: {x: FSC-A, y: SSC-A, vertices: [[30000, 5000], [250000, 5000], [250000, 200000]]}
  - {name: Singlets, parent: Cells, singlets: {area: FSC-A, height: FSC-H, width: 5, fallback: [0.5, 1.2]}}
  - {name: Live, parent: Singlets, below: {channel: Viability, cut: 800}}
  - {name: CD3+, parent: Live, above: {channel: CD3, cut: 700}}
  - {name: Middle, parent: CD3+, range: {channel: {channel: CD4, scale: linear}, low: 10, high: 900}}
  - {name: Open, parent: CD3+, range: {channel: CD4, low: 0.2, units: scale}}
  - name: Box
    parent: CD3+
    rectangle:
      sides:
        - {channel: CD4, low: 100}
        - {channel: {channel: CD8, compensation: none}, high: 2000}
  - name: Round
    parent: CD3+
    ellipse: {x: CD4, y: CD8, center: [0.5, 0.6], covariance: [[0.01, 0], [0, 0.02]], distance_square: 2, units: scale}
  - name: Ball
    parent: CD3+
    ellipsoid:
      dimensions: [FSC-A, SSC-A, FSC-H]
      center: [1, 2, 3]
      covariance: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
  - parent: CD3+
    quadrants:
      dividers: [{channel: CD4, cut: 500}, {channel: CD8, cut: [300, 900]}]
      populations:
        CD4+: {CD4: high, CD8: low}
        CD8 middle: {CD4: low, CD8: 1}
        CD8/bright: {CD8: high}
  - {name: Ratio, parent: CD3+, above: {channel: {ratio: {numerator: CD4, denominator: CD8, b: 5}}, cut: 2}}
  - {name: Lab, parent: CD3+, above: {channel: {channel: CAR, compensation: lab}, cut: 600}}
  - {name: CAR+, parent: CD3+, above: {channel: CAR, cut: 600}}
  - {name: CAR+, parent: CD4+, above: {channel: CAR, cut: 600}}
  - name: Neither
    parent: CD3+
    boolean: {and: [{not: CD4+}, {not: CD8 middle}, {or: [Box, root/Cells/Singlets/Live]}]}
limits: {lod_events: 10, lloq_events: 30}
counting:
  beads: Round
  lymphocytes: CD3+
  leukocytes: root/Cells/Singlets/Live
  carry_over: {population: CD4+, counted_as: Live/CD4+}
  two_beads: {a: Box, b: Middle, ratio: 1.5}
acceptance:
  viability: {population: root/Cells/Singlets/Live, of: Cells, refuse_below: 60}
  delay_h: {warn_above: 24, refuse_above: 48}
report:
  - {population: root/Cells/Singlets/Live/CD3+/CAR+, percent_of: [CD3+, Cells], concentration: true}
  - population: CD4+
    percent_of: CD3+
    intensity: [{channel: CD4}, {channel: CAR, statistic: geo_mean}]
    headline: true
alerts:
  - {population: Middle, code: DONOR_T_CELLS, message: donor cells with CD3}
  - {population: CD4+, code: CD4_2, message: told, severity: fail}
"""

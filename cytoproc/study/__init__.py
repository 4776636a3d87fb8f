"""From a manifest to results: one sample after another, every file accounted for."""

"""The gating tree: read from YAML, checked, bound to a panel, applied to events."""

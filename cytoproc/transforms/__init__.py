"""Scales: one file a scale, each a frozen value that maps linear channel values to scale units and back."""

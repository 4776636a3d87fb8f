"""Counts into numbers with intervals, limits and a status."""

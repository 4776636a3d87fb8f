"""Checks of a sample's events that give flags and no numbers."""

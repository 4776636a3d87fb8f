"""Measurements of speed, memory and accuracy, printed as tables."""

"""Shapes that select events, and methods that find such shapes in data. One file a shape."""

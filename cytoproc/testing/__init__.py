"""Contracts: test classes that an author of a new kind subclasses, to see that it keeps the promises of its room."""

"""Documents of other programs."""

"""The way to one number, from the file to the formula with its values put in, from a finished run's folder alone."""

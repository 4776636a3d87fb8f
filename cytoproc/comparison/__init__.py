"""Results beside those of others: a reading of a file beside another program's."""

"""Ways of finding a gate in data: a method finds a gate, a gate selects events. One file a way."""

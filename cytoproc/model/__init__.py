"""The nouns of cytoproc: small frozen values that every room may hold and none may change."""

"""cytoproc: flow cytometry exports into numbers somebody signs."""

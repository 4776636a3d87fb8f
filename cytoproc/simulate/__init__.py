"""Synthetic tubes whose truth is known. The numbers behind them are assumptions, not published patient data."""

from cytoproc.simulate.tube import DOUBLET, SimulatedTube, simulate_tube

__all__ = ["DOUBLET", "SimulatedTube", "simulate_tube"]

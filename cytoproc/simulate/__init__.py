"""Synthetic studies whose truth is known. The numbers behind them are assumptions, not published patient data."""

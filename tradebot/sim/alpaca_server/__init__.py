"""Alpaca on loopback: the simulated venue behind Alpaca's own wire.

`serve` runs it in the foreground, `ServerThread` beside a test; both stand in `server`, which is imported only where it is used.
"""

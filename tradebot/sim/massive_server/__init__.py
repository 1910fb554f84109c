"""A simulated Massive (formerly Polygon) beside the simulated Alpaca: the same market, on the same port."""

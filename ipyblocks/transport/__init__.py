"""How packets travel: a send and a receive callable, and what stands behind them."""

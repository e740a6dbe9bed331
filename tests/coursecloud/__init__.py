"""The command line: its commands as a person meets them, and the pure cores behind them."""

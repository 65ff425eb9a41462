"""Reports: metrics of a period, grouped, compared, and the conversations behind them."""

"""What the exchange publishes of its markets: book, trades, candles, marks, the calls about them."""

"""The live venue: Binance USDⓈ-M over REST and WebSocket; it carries and classifies, and decides nothing about money."""

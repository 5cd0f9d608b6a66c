"""The live venue: Binance USDⓈ-M over REST and WebSocket; carries and classifies, decides nothing about money."""

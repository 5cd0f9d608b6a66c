"""Strategies, one a file; each says what it wants (a vote), never how to trade, and never sees another."""

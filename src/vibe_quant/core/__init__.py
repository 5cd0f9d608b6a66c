"""Decisions: events in, intents out; no I/O, no clock, no randomness of its own."""

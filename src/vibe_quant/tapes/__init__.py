"""Recorded market data: reading, checking, importing and writing tapes; the rules a tape implies."""

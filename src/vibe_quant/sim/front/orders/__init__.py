"""Regular and conditional orders on the wire: calls, answers, user events, what is remembered."""

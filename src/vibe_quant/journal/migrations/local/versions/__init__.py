"""The versions of the SQLite journal, oldest first."""

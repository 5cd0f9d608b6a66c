"""The versions of the PostgreSQL mirror, oldest first."""

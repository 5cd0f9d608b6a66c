"""What holds for all tests: machines are shared, so that no example is judged by the time it takes."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("shared", deadline=None)
settings.load_profile("shared")

from tests.journal.conftest import postgres as postgres  # noqa: PLC0414 - a fixture is found by its name here

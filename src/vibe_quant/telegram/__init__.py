"""Messages to a phone, and commands from it."""

"""The durable record: what was decided, sent, answered and filled, on the disk before it matters."""

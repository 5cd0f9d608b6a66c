"""The embedded venue: a hedge-mode exchange, its market and its latencies, without sockets, threads or a clock."""

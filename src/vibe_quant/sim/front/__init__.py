"""The exchange's network front without the network: requests, signatures, limits, endpoints, streams and faults."""

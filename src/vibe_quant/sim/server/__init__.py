"""The exchange in a box on loopback: aiohttp's sockets around the front, which knows nothing of them."""

from vibe_quant.sim.server.runner import SimServer

__all__ = ["SimServer"]

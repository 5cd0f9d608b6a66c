"""``vibe-quant sim serve``: starts the exchange in a box, says where it is, and serves until it is stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vibe_quant.cli.failure import explained

if TYPE_CHECKING:
    import asyncio

    from vibe_quant.sim.front.box_options import BoxOptions
    from vibe_quant.sim.server import SimServer

DEFAULT_SYMBOLS = ("BTCUSDT", "ETHUSDT")
BANNER = "A simulated exchange: no real exchange is involved, no real money moves."


Words = list[str] | None
Port = Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")]
Host = Annotated[str, typer.Option(help="Address to bind; anything but loopback is reachable by others.")]
Config = Annotated[Path | None, typer.Option(help="Serve the symbols of this configuration.")]
Symbols = Annotated[Words, typer.Option(help="Serve this symbol, BTCUSDT; repeatable.")]
Tape = Annotated[Path | None, typer.Option(help="Play this tape instead of a generated market.")]
Seed = Annotated[int, typer.Option(help="Seed of the generated market, the keys and all chance.")]
Scenario = Annotated[str, typer.Option(help="Its scenario, see tape generate.")]
Speed = Annotated[str, typer.Option(help="How many times faster than it happened the market runs.")]
Wallets = Annotated[Words, typer.Option(help="Margin, 100000 (USDT) or USDC=5000; repeatable.")]
Positions = Annotated[Words, typer.Option(help="A leg of the account, BTCUSDT:LONG:2@60000; repeatable.")]
Leverage = Annotated[int, typer.Option(min=1, max=125, help="Leverage of every symbol.")]
Latency = Annotated[
    int, typer.Option(min=0, max=10_000, help="Mean time in ms of requests, answers and user events, each way.")
]
Faults = Annotated[Path | None, typer.Option(help="Faults to strike, YAML; see sim faults.")]
Decided = Annotated[Words, typer.Option(help="Decide what nobody knows, knock_out_closers=false; repeatable.")]
Rights = Annotated[
    Words, typer.Option(help="A right of the key, enableWithdrawals or enableFutures=false; repeatable.")
]
OneWay = Annotated[bool, typer.Option("--one-way", help="Open the account in one-way mode.")]
AsJson = Annotated[bool, typer.Option("--json", help="First line on stdout: one JSON object with the URLs.")]


def serve(
    port: Port = 0,
    host: Host = "127.0.0.1",
    control_port: Port = 0,
    config: Config = None,
    symbol: Symbols = None,
    tape: Tape = None,
    market: Seed = 7,
    scenario: Scenario = "calm",
    speed: Speed = "1",
    wallet: Wallets = None,
    position: Positions = None,
    leverage: Leverage = 20,
    latency: Latency = 5,
    faults: Faults = None,
    switch: Decided = None,
    permission: Rights = None,
    one_way: OneWay = False,
    as_json: AsJson = False,
) -> None:
    """Serve a simulated exchange over HTTP and WebSocket until it is stopped.

    \b
    Examples:
      vibe-quant sim serve --position BTCUSDT:LONG:2@60000 --position BTCUSDT:SHORT:1
      vibe-quant sim serve --json --tape btc.parquet --symbol BTCUSDT --faults faults.yaml
    """
    from vibe_quant.cli.sim_options import AccountArguments, ConductArguments, MarketArguments, box_options

    with explained():
        traded = MarketArguments(config, symbol, tape, market, scenario, speed)
        account = AccountArguments(wallet, position, leverage, permission, hedge_mode=not one_way)
        conduct = ConductArguments(latency, faults, switch)
        _run(box_options(traded, account, conduct, DEFAULT_SYMBOLS), host, (port, control_port), as_json)


def _run(options: BoxOptions, host: str, ports: tuple[int, int], as_json: bool) -> None:
    import asyncio

    asyncio.run(_serve(options, host, ports, as_json))


async def _serve(options: BoxOptions, host: str, ports: tuple[int, int], as_json: bool) -> None:
    import asyncio
    import signal

    from vibe_quant.sim.server import SimServer

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    server = SimServer(options, host=host, port=ports[0], control_port=ports[1])
    try:
        await server.start()
    except OSError as error:
        typer.echo(f"cannot listen: {error.strerror}; choose another --host, --port or --control-port", err=True)
        raise typer.Exit(2) from None
    try:
        _announce(server, as_json)
        await _until(stopped, server)
    finally:
        await server.stop()


async def _until(stopped: asyncio.Event, server: SimServer) -> None:
    """Wait for a signal, or raise what ended the market before."""
    import asyncio

    stop = asyncio.create_task(stopped.wait())
    failed = asyncio.create_task(server.failed())
    done, pending = await asyncio.wait((stop, failed), return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    if failed in done:
        failed.result()


def _announce(server: SimServer, as_json: bool) -> None:
    import json

    where = {
        "rest": server.rest,
        "ws": server.ws,
        "control": server.control,
        "api_key": server.api_key,
        "api_secret": server.api_secret,
    }
    if as_json:
        typer.echo(json.dumps(where))
    typer.echo(BANNER, err=as_json)
    if not as_json:
        for name, value in where.items():
            typer.echo(f"{name:<12}{value}")

"""``vibe-quant reload``: what a changed configuration would change in the running service, and then that it does."""

from __future__ import annotations

from typing import Annotated

import typer

from vibe_quant.cli.asking import confirm
from vibe_quant.cli.failure import DECLINED, INVALID
from vibe_quant.cli.options import DEFAULT_CONFIG
from vibe_quant.cli.service import Service, ServiceError, served
from vibe_quant.cli.where import AsJson, OfConfig, OfSocket, OfState, Where, Yes
from vibe_quant.cli.words import printable
from vibe_quant.domain.status import Answer, ReloadPlan

PLAN, APPLY = "/api/reload/plan", "/api/reload/apply"
Dry = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]
Drop = Annotated[
    bool,
    typer.Option(
        "--drop-stops",
        help="Take away the protective stops of positions that are open where protective_stop.enabled is false; "
        "without this they are kept.",
    ),
]


def reload(
    dry_run: Dry = False,
    yes: Yes = False,
    drop_stops: Drop = False,
    config: OfConfig = DEFAULT_CONFIG,
    state: OfState = None,
    socket: OfSocket = None,
    as_json: AsJson = False,
) -> None:
    """Let the service read its configuration again.

    Shows what changes, old -> new by symbol, then asks. Nothing is applied where anything is invalid or needs a
    restart. The service reads the file it was started with; --config only says which service is meant. With --json the
    plan is one object, and nothing is asked, or applied without --yes.

    \b
    Examples:
      vibe-quant reload
      vibe-quant reload --dry-run
      vibe-quant reload --yes
      vibe-quant reload --drop-stops
    """
    with served():
        service = Where(config, state, socket).service()
        plan = service.command(PLAN, {}, ReloadPlan)
    _show(plan, as_json)
    if plan.problems:
        raise typer.Exit(INVALID)
    if not (plan.changes or drop_stops) or dry_run or (as_json and not yes):
        return
    confirm("Apply this, and take protective stops away?" if drop_stops else "Apply this?", yes)
    _apply(service, plan.token, drop_stops, as_json)


def _show(plan: ReloadPlan, as_json: bool) -> None:
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(plan))
        return
    from vibe_quant.cli.changes import write_changes

    write_changes(plan.changes)
    for warning in plan.warnings:
        typer.secho(f"warning: {printable(warning)}", fg="yellow", err=True)
    for problem in plan.problems:
        typer.secho(printable(problem), fg="red", err=True)
    if plan.problems:
        typer.echo("Nothing was applied: the service goes on with what it had.", err=True)
    elif not plan.changes:
        typer.echo("The file says what rules already: nothing changes.")


def _apply(service: Service, token: str, drop_stops: bool, as_json: bool) -> None:
    with served():
        answer = service.command(APPLY, {"token": token, **({"drop_stops": True} if drop_stops else {})}, Answer)
        if not answer.ok:
            raise ServiceError(printable(answer.text), DECLINED)
    typer.echo(printable(answer.text), err=as_json)

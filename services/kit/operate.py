"""The operator's commands on parked messages, and rebuilding a projection: `./koto parked ...`, `./koto rebuild ...`.

In a cluster the first run beside a service, told by its environment: `python -m services.kit.operate parked list`.
"""

import asyncio
import getpass
import json
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from contracts import topology
from services.kit.errors import NotFound, Refusal
from services.kit.rebuild import Rebuilt
from services.kit.rebuild import rebuild as rebuild_projection
from services.kit.reencryption import reencrypt as reencrypt_rows
from services.kit.run import build
from services.kit.service import Service

Environments = Callable[[], Mapping[str, Mapping[str, str]]]
"""The environments of the services to operate on, by name; asked when a command runs."""
Result = TypeVar("Result")
Id = Annotated[UUID, typer.Argument(help="id of the parked message, as listed")]
By = Annotated[str, typer.Option("--by", help="who does it", default_factory=getpass.getuser)]


def parked_app(environments: Environments) -> typer.Typer:
    """List, show, replay and drop parked messages."""
    app = typer.Typer(no_args_is_help=True, help="Messages that wait for a person.")

    @app.command("list")
    def list_(
        type: Annotated[str | None, typer.Option(help="only this message type")] = None,
        reason: Annotated[str | None, typer.Option(help="only reasons that contain this")] = None,
        as_json: Annotated[bool, typer.Option("--json")] = False,
    ) -> None:
        """What waits, oldest first in each service."""
        found = _run(_waiting(environments(), type, reason))
        if as_json:
            typer.echo(json.dumps(found, default=str, indent=2))
            return
        lines = [["" if row[key] is None else str(row[key]) for key in _LISTED] for row in found]
        if not found:
            typer.echo("Nothing is parked.")
        elif Console().is_terminal:
            table = Table(*(key.replace("_", " ") for key in _LISTED))
            for line in lines:
                table.add_row(*line)
            Console().print(table)
        else:
            typer.echo("\n".join("\t".join(line) for line in [list(_LISTED), *lines]))

    @app.command()
    def show(id: Id, body: Annotated[bool, typer.Option("--body", help="its body too")] = False) -> None:
        """One message: why it was parked, its headers and, when asked for, its body."""
        shown = _run(_with_owner_of(environments(), id, lambda service: _get(service, id)))
        message = shown.pop("body").decode(errors="replace")
        typer.echo(json.dumps(shown | ({"body": message} if body else {}), default=str, indent=2))

    @app.command()
    def replay(id: Id, by: By) -> None:
        """Send a message back to the queue it came from, with its own id."""
        _run(_with_owner_of(environments(), id, lambda service: service.parked.replay(id, by)))
        typer.echo(f"{id} replayed. What was acted on before is not acted on again.")

    @app.command()
    def drop(id: Id, by: By, reason: Annotated[str | None, typer.Option(help="why: needed to propose")] = None) -> None:
        """Propose to drop a message; the same command by a second person drops it."""
        dropped = _run(_with_owner_of(environments(), id, lambda service: service.parked.drop(id, by, reason)))
        typer.echo(f"{id} dropped." if dropped else f"Proposed. A second person confirms: parked drop {id} --by NAME")

    return app


def rebuild(environments: Mapping[str, Mapping[str, str]], service: str, management_url: str) -> Mapping[str, Rebuilt]:
    """Rebuilds a service's projections from the owners' logs, while they are in use; what was done, by their tables."""
    return _run(_rebuild(environments, service, management_url))


def reencrypt(environments: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    """Brings what services have encrypted and hashed to the present keys; returns how many rows of each it changed."""
    return _run(_reencrypt(environments))


_LISTED = ("service", "id", "type", "origin", "reason", "attempts", "parked_at", "drop_proposed_by")


def _run(command: Coroutine[Any, Any, Result]) -> Result:
    try:
        return asyncio.run(command)
    except Refusal as refusal:
        typer.echo(refusal.detail or refusal.title, err=True)
        raise typer.Exit(1) from None


@asynccontextmanager
async def _opened(environment: Mapping[str, str]) -> AsyncIterator[Service]:
    """A service with its database and its publisher, whose doors stay closed."""
    service = build(environment)
    assert isinstance(service, Service)
    await service.parts.publisher.start()
    try:
        yield service
    finally:
        await service.stop()


async def _waiting(
    environments: Mapping[str, Mapping[str, str]], type: str | None, reason: str | None
) -> list[dict[str, Any]]:
    found = []
    for name, environment in environments.items():
        async with _opened(environment) as service:
            rows = await service.parked.waiting(type=type, reason=reason)
            found += [{"service": name, **row._mapping} for row in rows]
    return found


async def _with_owner_of(
    environments: Mapping[str, Mapping[str, str]], id: UUID, act: Callable[[Service], Coroutine[Any, Any, Result]]
) -> Result:
    """Acts with the service that holds the message; raises NotFound when none does."""
    for environment in environments.values():
        async with _opened(environment) as service:
            try:
                await service.parked.get(id)
            except NotFound:
                continue
            return await act(service)
    raise NotFound(f"no parked message {id}")


async def _get(service: Service, id: UUID) -> dict[str, Any]:
    return {"service": service.name, **(await service.parked.get(id))._mapping}


async def _rebuild(
    environments: Mapping[str, Mapping[str, str]], name: str, management_url: str
) -> Mapping[str, Rebuilt]:
    owners = {event.owner() for event in topology.service(name).projection}
    async with AsyncExitStack() as opened:
        reader = await opened.enter_async_context(_opened(environments[name]))
        services = [await opened.enter_async_context(_opened(environments[owner])) for owner in sorted(owners)]
        vhost = environments[name]["KOTO_RABBITMQ_URL"].rsplit("/", 1)[-1]
        return {
            each.table.name: await rebuild_projection(reader, each, services, management_url, vhost)
            for each in reader.projections
        }


async def _reencrypt(environments: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    changed = {}
    for name, environment in environments.items():
        async with _opened(environment) as service:
            changed[name] = await reencrypt_rows(service.parts)
    return changed


if __name__ == "__main__":

    def _own() -> Mapping[str, Mapping[str, str]]:
        return {os.environ["KOTO_SERVICE"]: dict(os.environ)}

    _app = typer.Typer(no_args_is_help=True)
    _app.add_typer(parked_app(_own), name="parked")

    @_app.command("reencrypt")
    def _reencrypt_own() -> None:
        """Bring what the service has encrypted and hashed to the present keys."""
        typer.echo(json.dumps(reencrypt(_own())))

    _app(prog_name="koto-operate")

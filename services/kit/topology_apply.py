"""Declares the broker's whole topology in one step, before any service starts, through the management API.

Applied again it changes nothing; policies are overwritten, queues and exchanges only added.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlsplit

import aiohttp

from contracts import topology
from contracts.partners import Partner


class TopologyRefused(Exception):
    """The management API refused a declaration; the message names which."""


async def apply(
    management_url: str,
    vhost: str,
    passwords: Mapping[str, str],
    time_scale: float = 1.0,
    partners: Sequence[Partner] = (),
) -> None:
    """Declares vhost, exchanges, queues, bindings, policies, users and permissions; raises TopologyRefused.

    `management_url` holds an administrator's user and password; `passwords` has one per user; `time_scale` shortens
    the retry ladder for tests.
    """
    async with _Management(management_url, vhost) as management:
        await management.put(f"vhosts/{management.vhost}", {})
        await management.put(f"permissions/{management.vhost}/{management.user}", _everything())
        for name, kind in topology.exchanges().items():
            await management.put(f"exchanges/{management.vhost}/{name}", {"type": kind, "durable": True})
        for queue in (*topology.queues(time_scale), *map(topology.partner_queue, partners)):
            await management.declare_queue(queue)
        for permissions in (*topology.permissions(), *map(topology.partner_permissions, partners)):
            await _apply_permissions(management, permissions, passwords[permissions.user])


async def declare(management_url: str, vhost: str, queue: topology.Queue) -> None:
    """Declares one more queue with its bindings and policy: a rebuild's own."""
    async with _Management(management_url, vhost) as management:
        await management.declare_queue(queue)


async def remove(management_url: str, vhost: str, queue: topology.Queue) -> None:
    """Removes a queue and its policy."""
    async with _Management(management_url, vhost) as management:
        await management.call("DELETE", f"queues/{management.vhost}/{quote(queue.name, safe='')}")
        await management.call("DELETE", f"policies/{management.vhost}/{quote(queue.name, safe='')}")


def describe() -> str:
    """The topology in lines that a person reads: exchanges, queues with bindings and policy, permissions."""
    lines = ["EXCHANGES", *(f"  {name:<24}{kind}" for name, kind in sorted(topology.exchanges().items())), "QUEUES"]
    for queue in topology.queues():
        lines.append(f"  {queue.name}")
        lines += [f"    <- {exchange} [{key}]" for exchange, key in queue.bindings]
        lines.append("    " + ", ".join(f"{key}={value}" for key, value in sorted(queue.policy.items())))
    lines.append("PERMISSIONS")
    for each in topology.permissions():
        lines.append(f"  {each.user:<12} write {each.write}  read {each.read}  configure {each.configure}")
        lines += [f"    on {exchange}: write {write}  read {read}" for exchange, write, read in each.topics]
    return "\n".join(lines)


async def _apply_permissions(management: "_Management", permissions: topology.Permissions, password: str) -> None:
    user = permissions.user
    await management.put(f"users/{user}", {"password": password, "tags": ""})
    await management.put(
        f"permissions/{management.vhost}/{user}",
        {"configure": permissions.configure, "write": permissions.write, "read": permissions.read},
    )
    for exchange, write, read in permissions.topics:
        await management.put(
            f"topic-permissions/{management.vhost}/{user}", {"exchange": exchange, "write": write, "read": read}
        )


def _policy(queue: topology.Queue) -> dict[str, object]:
    pattern = "^" + queue.name.replace(".", r"\.") + "$"
    return {"pattern": pattern, "definition": queue.policy, "apply-to": "queues", "priority": 10}


def _everything() -> dict[str, str]:
    return {"configure": ".*", "write": ".*", "read": ".*"}


class _Management:
    """The management API of one broker, for one vhost."""

    def __init__(self, url: str, vhost: str) -> None:
        parts = urlsplit(url)
        self.user = quote(parts.username or "guest", safe="")
        self.vhost = quote(vhost, safe="")
        self._session = aiohttp.ClientSession(
            f"{parts.scheme}://{parts.hostname}:{parts.port}/api/",
            headers={"Authorization": aiohttp.encode_basic_auth(parts.username or "guest", parts.password or "guest")},
            timeout=aiohttp.ClientTimeout(total=30),
        )

    async def __aenter__(self) -> "_Management":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def put(self, path: str, body: object) -> None:
        await self.call("PUT", path, body)

    async def call(self, method: str, path: str, body: object = None) -> None:
        async with self._session.request(method, path, json=body) as response:
            if response.status >= 400:
                reason = (await response.text())[:300]
                raise TopologyRefused(f"{method} {path}: {response.status} {reason}")

    async def declare_queue(self, queue: topology.Queue) -> None:
        name = quote(queue.name, safe="")
        await self.put(f"policies/{self.vhost}/{name}", _policy(queue))
        await self.put(f"queues/{self.vhost}/{name}", {"durable": True, "arguments": {"x-queue-type": "quorum"}})
        for exchange, key in queue.bindings:
            await self.call("POST", f"bindings/{self.vhost}/e/{exchange}/q/{name}", {"routing_key": key})

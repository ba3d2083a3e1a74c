"""A load of HTTP requests, in a process of its own: each connection sends its next request when the last is answered.

    python -m tests.bench.load <<<'{"port": 8000, "connections": 64, "seconds": 2, "requests": [...]}'

As little as can be: its cost is in every figure, ours and the baseline's.
"""

import asyncio
import json
import sys
from collections import Counter, defaultdict
from functools import partial
from itertools import count
from time import perf_counter
from typing import Any
from uuid import uuid4

import uvloop

KEY = b"11111111-1111-1111-1111-111111111111"
"""Stands in a request where each sending needs an idempotency key of its own."""


class Connection(asyncio.Protocol):
    """One connection of the load."""

    def __init__(self, load: "Load", first: int) -> None:
        self.load = load
        self.turn = count(first)
        self.received = b""
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        if self.load.is_over():
            self.transport.close()
            return
        self.label, message = self.load.requests[next(self.turn) % len(self.load.requests)]
        if KEY in message:
            message = message.replace(KEY, str(uuid4()).encode())
        self.sent = perf_counter()
        self.transport.write(message)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if len(body) < int(length):
            return
        self.received = b""
        self.load.note(self.label, head[9:12].decode(), perf_counter() - self.sent)
        self.send()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)


class Load:
    """All connections, and what was answered after the warming up."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.requests = [(each["label"], _message(each)) for each in told["requests"]]
        self.statuses: Counter[str] = Counter()
        self.latencies: defaultdict[str, list[float]] = defaultdict(list)
        self.answered = 0
        self.start = self.end = 0.0

    def note(self, label: str, status: str, seconds: float) -> None:
        """One answer."""
        self.answered += 1
        if self.start <= perf_counter() and not self.is_over():
            self.statuses[status] += 1
            self.latencies[label].append(seconds)

    def is_over(self) -> bool:
        """Whether the time is over and something was answered in it, however busy the machine is."""
        return perf_counter() > self.end and bool(self.statuses)

    async def run(self) -> dict[str, Any]:
        """Sends for as long as it was told; the first part of it warms up and is not counted."""
        loop, connections = asyncio.get_running_loop(), self.told["connections"]
        self.start = perf_counter() + self.told.get("warm_up", 0.0)
        self.end = self.start + self.told["seconds"]
        made = []
        for first in range(connections):
            opening = loop.create_connection(partial(Connection, self, first), "127.0.0.1", self.told["port"])
            made.append((await opening)[1])
        await asyncio.gather(*(each.over for each in made))
        return {"answered": self.answered, "statuses": self.statuses, "latencies": self.latencies}


def _message(request: dict[str, Any]) -> bytes:
    body: bytes = request.get("body", "").encode()
    headers = {"Host": "127.0.0.1", **request["headers"]}
    if body:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    head = [f"{request['method']} {request['path']} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*head, "", ""]).encode() + body


if __name__ == "__main__":
    json.dump(uvloop.run(Load(json.load(sys.stdin)).run()), sys.stdout)

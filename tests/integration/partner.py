"""A partner's program: plain pika, the partner's own password, and none of Koto's code."""

import json
from typing import Any
from urllib.parse import urlsplit

import pika

EXCHANGE, TYPE = "partners", "authority.service_need_contact.v1"
CODE = "010594Y9032"


def report(**other: Any) -> dict[str, Any]:
    """What is reported of a person: all in order unless told otherwise."""
    return {
        "municipality": "837",
        "reporter": {"unit": "Oppilashuolto", "name": "Kaisa Kuraattori", "phone": "0401234567"},
        "person": {
            "name": {"family": "Esimerkki", "given": "Aamu"},
            "date_of_birth": "1994-05-01",
            "language": "so",
            "contact": {"phone": "0450000000"},
        },
        "needs": ["language_learning"],
        "text": "At home with small children, wishes to learn Finnish",
        "consent": {"given_on": "2026-03-02", "how": "oral"},
        **other,
    }


def event(id: str = "m-1", data: Any = None, **other: Any) -> bytes:
    """A CloudEvents document with a report."""
    attributes = {"specversion": "1.0", "id": id, "source": "/school", "type": TYPE, **other}
    return json.dumps(attributes | {"data": report() if data is None else data}).encode()


class Foreigner:
    """Connected as one partner."""

    def __init__(self, url: str, code: str, password: str = "test") -> None:
        parts = urlsplit(url)
        user = pika.PlainCredentials(f"partner.{code}", password)
        where = pika.ConnectionParameters(parts.hostname, parts.port, parts.path[1:], user)
        self.code = code
        self._connection = pika.BlockingConnection(where)
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()

    def send(self, body: bytes, *, key: str | None = None, headers: dict[str, Any] | None = None) -> None:
        """Writes, and returns when the broker has it; raises pika's ChannelClosedByBroker when it may not."""
        properties = pika.BasicProperties(content_type="application/cloudevents+json", headers=headers)
        self._channel.basic_publish(EXCHANGE, key or f"{self.code}.{TYPE}", body, properties, mandatory=True)

    def read(self, queue: str | None = None) -> list[dict[str, Any]]:
        """The receipts that have come."""
        found = []
        while (got := self._channel.basic_get(queue or f"partner.{self.code}", auto_ack=True))[0]:
            found.append(json.loads(got[2]))
        return found

    def close(self) -> None:
        if self._connection.is_open:
            self._connection.close()

"""A partner that writes and hears more than one type of message."""

import asyncio
import json
from typing import Any
from uuid import uuid4

from tests.integration.partner import CODE, Foreigner
from tests.support import eventually

REQUEST, ANSWER = "authority.transfer_request.v1", "authority.transfer_answer.v1"
LIST = "authority.outreach_list.v1"
SOMEBODY = {"name": "Aino Virkanen", "phone": "+358 29 000 0000"}


def handing_over(**person: Any) -> dict[str, Any]:
    """Somebody whom the employment authority hands over to Tampere."""
    told = {"name": {"family": "Esimerkki", "given": "Aamu"}, "date_of_birth": "1994-05-01", "service_language": "so"}
    told |= {"personal_identity_code": CODE} | person
    return {"municipality": "837", "reason": "jobsearch_ended", "person": told}


def answering(transfer_id: object, act: str, **more: Any) -> dict[str, Any]:
    """What the authority does in a transfer: an acceptance names somebody."""
    return {"transfer_id": str(transfer_id), "act": act} | ({"responsible": SOMEBODY} if act == "accept" else {}) | more


class Authority:
    """A foreign program with a memory: what it was told, in the order in which it came."""

    def __init__(self, foreigner: Foreigner) -> None:
        self._foreigner = foreigner
        self.heard: list[dict[str, Any]] = []

    def say(self, type: str, data: dict[str, Any], id: str | None = None) -> str:
        """Writes a message; returns its id."""
        id = id or str(uuid4())
        body = {"specversion": "1.0", "id": id, "source": "/employment", "type": type, "data": data}
        self._foreigner.send(json.dumps(body).encode(), key=f"{self._foreigner.code}.{type}")
        return id

    async def receipts(self, id: str, count: int = 1) -> list[dict[str, Any]]:
        """The data of so many receipts of a message."""
        return await self._until(lambda it: it.get("message_id") == id, count)

    async def transfer(self, state: str, transfer_id: object = None) -> dict[str, Any]:
        """What it was told of a transfer in that state."""
        return await self.matter("transfer_id", state, transfer_id)

    async def matter(self, named: str, state: str, matter_id: object = None) -> dict[str, Any]:
        """What it was told of a matter in that state; `named`: the field that holds its id."""

        def is_it(data: dict[str, Any]) -> bool:
            return named in data and data.get("state") == state and matter_id in (None, data[named])

        return (await self._until(is_it, 1))[-1]

    async def outcome(self, type: str, data: dict[str, Any], id: str | None = None) -> tuple[Any, ...]:
        """Writes a message; returns what its receipt says: the outcome, and which rules were broken where."""
        return told((await self.receipts(self.say(type, data, id)))[-1])

    async def listen(self) -> list[dict[str, Any]]:
        """Everything that it was told until now."""
        self.heard += await asyncio.to_thread(self._foreigner.read)
        return self.heard

    async def _until(self, wanted: Any, count: int) -> list[dict[str, Any]]:
        async def found() -> list[dict[str, Any]]:
            it = [each["data"] for each in await self.listen() if wanted(each["data"])]
            return it if len(it) >= count else []

        return await eventually(found, what="what the partner is told")


def told(receipt: dict[str, Any]) -> tuple[Any, ...]:
    """What a receipt says: the outcome, and which rules were broken where."""
    return receipt["outcome"], [(each["pointer"], each["rule"]) for each in receipt["errors"]]

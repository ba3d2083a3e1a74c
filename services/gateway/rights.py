"""What users may do: their rights as the access service knows them, kept here until there is news of them.

A user acts under one right at a time. Services believe what its token says of it, as far as the news of rights is
fresh: the token tells up to when all news is known, which is what the last heartbeat told.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID, uuid4

from aio_pika.abc import AbstractIncomingMessage
from pydantic import BaseModel, ValidationError

from contracts.access.rights import (
    RIGHTS_HEARTBEAT,
    GetUserRights,
    HeldGrant,
    NoteSignIn,
    RightsChanged,
    RightsHeartbeat,
    UserRights,
)
from contracts.customer.search import FindOwnRecord
from contracts.envelope import Envelope, Request
from services.gateway.issuer import Identity
from services.gateway.problems import ChooseRight, NoRights
from services.kit.actor import Actor, service_actor
from services.kit.clock import Clock
from services.kit.requests import Requests
from services.kit.telemetry import describe_error, log

CUSTOMER, OWN_MATTERS = "customer", "own_matters"
"""Role and organisation, and task, of a customer who looks at his or her own data."""
_ENOUGH_FOR_CUSTOMERS = ("substantial", "high")
"""Strong identification (306/2019 6 §): levels of assurance."""
_NEVER = datetime.fromtimestamp(0, UTC)
_MOST_KNOWN = 10_000
_SELF = service_actor("gateway")
ReplyT = TypeVar("ReplyT", bound=BaseModel)

Right = HeldGrant | None
"""A granted right, or None: the right to one's own data, which nobody grants."""


@dataclass(frozen=True)
class Held:
    """What a signed-in user holds at one moment."""

    user: str
    assurance: str
    known: UserRights
    now: datetime
    as_of: datetime
    """Up to when all news of rights is known."""

    @cached_property
    def rights(self) -> tuple[Right, ...]:
        """Those in force, the one to act under first."""
        grants = [
            each for each in self.known.grants if each.starts_at <= self.now and not _is_over(each.ends_at, self.now)
        ]
        is_customer = self.known.own_record is not None and self.assurance in _ENOUGH_FOR_CUSTOMERS
        return (*grants, None) if is_customer else tuple(grants)

    @property
    def first(self) -> Right:
        """The right to act under where none was chosen; raises NoRights."""
        if not self.rights:
            raise NoRights
        return self.rights[0]

    def named(self, grant_id: UUID | None) -> Right:
        """The right of that id, or that to one's own data; raises NoRights, or ChooseRight when it is not in force."""
        for each in self.rights:
            if id_of(each) == grant_id:
                return each
        raise ChooseRight if self.rights else NoRights

    def chosen_before(self, grant_id: UUID | None) -> Right:
        """As `named`; where that one has ended and one granted right is left, this."""
        granted = [each for each in self.rights if each]
        held = grant_id in map(id_of, self.rights)
        return granted[0] if len(granted) == 1 and not held else self.named(grant_id)

    def actor(self, right: Right, purpose: str) -> Actor:
        """The user, acting under one right."""
        known = self.known
        if right is None:
            return Actor(
                user=self.user,
                organisation=CUSTOMER,
                role=CUSTOMER,
                task=OWN_MATTERS,
                purpose=purpose,
                assurance=self.assurance,
                own_record=known.own_record,
                rights_as_of=self.as_of,
            )
        return Actor(
            user=self.user,
            organisation=right.organisation,
            role=right.role,
            task=right.task,
            purpose=purpose,
            assurance=self.assurance,
            grant=right.grant_id,
            granted_by=right.municipality or "",
            customers=right.customers,
            data=right.data,
            powers=right.powers,
            withheld=known.withheld,
            emergency=tuple(each.customer_id for each in right.emergency if not _is_over(each.ends_at, self.now)),
            own_record=known.own_record,
            rights_as_of=self.as_of,
        )


def id_of(right: Right) -> UUID | None:
    """The id of a granted right; None of that to one's own data."""
    return right.grant_id if right else None


def _is_over(ends_at: datetime | None, now: datetime) -> bool:
    return ends_at is not None and ends_at <= now


class KeptRights:
    """The rights of users, asked for when first needed and kept until there is news of them.

    While the access service is away what is kept serves on, and grows old: services then refuse changes by themselves.
    """

    def __init__(self, requests: Requests, clock: Clock) -> None:
        self._requests = requests
        self._clock = clock
        self._known: dict[str, UserRights] = {}
        self._fetches: dict[str, asyncio.Task[None]] = {}
        self._noted: set[str] = set()
        self._as_of = _NEVER

    @property
    def has_heard(self) -> bool:
        """Whether any news of rights has come yet."""
        return self._as_of > _NEVER

    async def held(self, user: str, assurance: str) -> Held:
        """What the user holds now; raises Unavailable when that is not known and can't be asked."""
        while (known := self._known.get(user)) is None:
            fetch = self._fetches.get(user)
            if fetch is None:
                fetch = self._fetches[user] = asyncio.create_task(self._fetch(user))
            await asyncio.wait({fetch})
            fetch.result()
        return Held(user, assurance, known, self._clock.now(), self._as_of)

    async def note_sign_in(self, identity: Identity) -> Held:
        """Tells the access service who has signed in, and returns what the user holds; raises Unavailable."""
        known: dict[str, Any] = {}
        if question := _question(identity.identity_code):  # else what an earlier sign-in told of it still holds
            known["own_record"] = (await self._ask(question)).customer_id
        told = NoteSignIn(user=identity.user, name=identity.name, assurance=identity.assurance or None, **known)
        await self._ask(told, str(uuid4()))
        if len(self._noted) >= _MOST_KNOWN:
            self._noted.clear()
        self._noted.add(identity.user)
        self._forget(identity.user)  # the news of it may come later than the next request
        return await self.held(identity.user, identity.assurance)

    async def note_token(self, identity: Identity) -> None:
        """Tells the access service who comes with a token, when this process first sees the user."""
        if identity.user not in self._noted:
            await self.note_sign_in(identity)

    def begin(self) -> None:
        """The news begins: what was known before may have changed unheard."""
        self._known.clear()
        self._fetches.clear()

    def hear(self, message: AbstractIncomingMessage) -> None:
        """Takes in news: of one user's rights, or that there is none up to a moment."""
        try:
            if message.routing_key == RIGHTS_HEARTBEAT:
                told = RightsHeartbeat.model_validate_json(message.body).as_of
                self._as_of = max(self._as_of, min(told, self._clock.now()))  # a clock may be ahead of ours
            else:
                envelope = Envelope.model_validate_json(message.body)
                self._forget(RightsChanged.model_validate(envelope.data).user)
        except ValidationError as error:
            log.error("rights.news_not_read", **describe_error(error))
            self.begin()  # whosever rights it was about

    async def _fetch(self, user: str) -> None:
        """Asks, and keeps the answer unless there was news meanwhile: then whoever waits asks again."""
        this = asyncio.current_task()
        try:
            known = await self._ask(GetUserRights(user=user))
            if self._fetches.get(user) is this:
                if len(self._known) >= _MOST_KNOWN:
                    del self._known[next(iter(self._known))]
                self._known[user] = known
        finally:
            if self._fetches.get(user) is this:
                del self._fetches[user]

    def _forget(self, user: str) -> None:
        self._known.pop(user, None)
        self._fetches.pop(user, None)

    async def _ask(self, request: Request[ReplyT], key: str | None = None) -> ReplyT:
        return await self._requests.ask(request, _SELF, idempotency_key=key)


def _question(identity_code: str | None) -> FindOwnRecord | None:
    """Which customer the user is; nobody's question where the issuer told no Finnish identity code."""
    try:
        return FindOwnRecord(personal_identity_code=identity_code) if identity_code else None
    except ValidationError:
        return None  # another country's, by eIDAS

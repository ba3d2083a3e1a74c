"""The envelope and the three kinds of messages: Event, Request and Problem.

Events travel as CloudEvents 1.0 JSON documents (structured mode), inside and towards partners alike. Requests and
replies travel as plain JSON bodies whose AMQP `type` names the contract.
"""

from typing import Any, ClassVar, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.types import Value

CLOUDEVENTS_CONTENT_TYPE = "application/cloudevents+json"

MESSAGE_TYPES: dict[str, type["Message"]] = {}
"""Every message contract by its type, filled as the contracts' modules are imported (see contracts.registry)."""


class Message(Value):
    """A published message. `TYPE` is `<owner>.<what>.v<n>` and never changes its meaning."""

    TYPE: ClassVar[str] = ""
    DATA: ClassVar[tuple[str, ...]] = ()
    """The data groups of the policy that it tells of or asks for."""

    def __init_subclass__(
        cls, *, type: str = "", changes: bool = False, act: str = "", data: tuple[str, ...] = (), **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)  # pydantic hands the class keywords to both hooks

    @classmethod
    def __pydantic_init_subclass__(cls, *, type: str = "", data: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if type:
            if type in MESSAGE_TYPES:
                raise TypeError(f"{type} is declared twice")
            cls.TYPE, cls.DATA = type, data
            MESSAGE_TYPES[type] = cls

    @classmethod
    def owner(cls) -> str:
        """The service that owns this contract."""
        return cls.TYPE.split(".", 1)[0]


class Event(Message):
    """A fact of the past. It carries the consequence, not the cause: ids, codes, dates and states, never a name."""

    SUBJECT: ClassVar[str] = "customer_id"
    """The field that holds the event's subject, an opaque id; `subjectsequence` numbers the events of one subject."""

    def subject(self) -> UUID:
        """The opaque id of what the event is about."""
        subject: UUID = getattr(self, self.SUBJECT)
        return subject

    def about_customers(self) -> frozenset[UUID]:
        """The people whose erasure erases this event too."""
        customer_id = getattr(self, "customer_id", None)
        return frozenset() if customer_id is None else frozenset({customer_id})


class StateEvent(Event):
    """Carries the whole public state of its part: a reader keeps the one with the greatest `subjectsequence`."""


class ActEvent(Event):
    """Something that was done. It is guarded by the inbox alone and never dropped for its order."""


ReplyT = TypeVar("ReplyT", bound=BaseModel, covariant=True)


class Request(Message, Generic[ReplyT]):
    """A question or a command to one service, answered by one reply or a Problem."""

    CHANGES: ClassVar[bool] = False
    """Whether the request changes something, and so must carry an idempotency key."""
    ACT: ClassVar[str] = ""
    """The act of the policy that the request is."""
    REPLY: ClassVar[type[BaseModel]]

    @classmethod
    def __pydantic_init_subclass__(cls, *, type: str = "", changes: bool = False, act: str = "", **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(type=type, **kwargs)
        if type:
            cls.CHANGES, cls.ACT = changes, act
            cls.REPLY = next(
                base.__pydantic_generic_metadata__["args"][0]
                for base in cls.__mro__
                if issubclass(base, Request) and base.__pydantic_generic_metadata__["args"]
            )


class FieldError(Value):
    """One field that broke one rule."""

    pointer: str = Field(description="JSON Pointer (RFC 6901) into the request's body, such as /person/name/family")
    rule: str = Field(description="stable code of the rule that was broken, such as code_list or missing")
    detail: str


class FieldChange(Value):
    """One field that somebody changed after the version that the asker knew."""

    field: str
    version: int
    changed_at: AwareDatetime
    changed_by: str


class Problem(Value):
    """Every expected failure, in the shape of RFC 9457. `type` is stable; `detail` never repeats personal data."""

    type: str = Field(pattern=r"^urn:koto:problem:[a-z0-9-]+$")
    title: str
    status: int = Field(ge=400, le=599, description="HTTP status code that a gateway answers with")
    detail: str | None = None
    errors: tuple[FieldError, ...] = ()
    retry_after: int | None = Field(None, ge=0, description="seconds")
    current_version: int | None = None
    changes: tuple[FieldChange, ...] = ()


class Envelope(BaseModel):
    """CloudEvents 1.0 with Koto's extension attributes. No personal identity code, name or address in any of them."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = Field(pattern=r"^/koto/[a-z]+$", description="the owning service, such as /koto/customer")
    type: str = Field(pattern=r"^[a-z]+\.[a-z_]+(\.[a-z_]+)*\.v[0-9]+$")
    subject: UUID
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str
    subjectsequence: int = Field(ge=1, description="numbers the events of one subject, without gaps, from 1")
    factid: UUID = Field(description="one id for the same fact told in several contract versions")
    correlationid: str
    causationid: str
    actor: str = Field(description="who acted: organisation code and opaque user id, or the service's own name")
    legalbasis: str | None = Field(None, description="section of law that the disclosure rests on")
    traceparent: str | None = Field(None, description="W3C Trace Context of the act")
    data: dict[str, Any]


def schema_urn(type: str) -> str:
    """The `dataschema` of a message type: the name of a committed file in contracts/schemas."""
    return f"urn:koto:schema:{type}"

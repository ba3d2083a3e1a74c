"""What other authorities' programs, the partners, write to us and hear from us, and who they are.

A partner writes CloudEvents 1.0 to the exchange `partners` with the routing key `<its code>.<type>`; the broker lets it
use no other first word, and so vouches for the sender. What it hears comes to its own queue, `partner.<its code>`.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contracts.envelope import ActEvent, Message
from contracts.types import Code, Value
from contracts.usage import Organisation

PartnerCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$"), Field(examples=["school"])]
MessageId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,100}$"), Field(examples=["m-1"])]
"""The partner's own id of a message: nothing that identifies a person."""
OWNER = "integration"
"""The service behind the door: what is said through it has names of its own, such as `authority.receipt.v1`."""


class FromPartner(Message):
    """What a partner may write. Fields that are not known are ignored: a partner may be ahead of us."""

    MESSAGES: ClassVar[dict[str, type["FromPartner"]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, *, type: str = "", **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(type=type, **kwargs)
        if type:
            cls.MESSAGES[type] = cls

    @classmethod
    def owner(cls) -> str:
        return OWNER


class ToPartner(ActEvent):
    """What one partner is told, on its own queue; nobody else hears it."""

    partner: PartnerCode

    @classmethod
    def owner(cls) -> str:
        return OWNER


class Disclosure(ToPartner):
    """What one partner is told of a person: sent as it is asked for, and never in a log of events."""


class MatterTold(Disclosure):
    """How a matter of one partner's stands: told whenever somebody did something in it. The greatest version counts."""

    version: int = Field(ge=1, description="grows by every act: what comes with an old one is out of date")
    legal_basis: str
    changed_at: AwareDatetime


class PartnerEnvelope(BaseModel):
    """CloudEvents 1.0 as partners write it: what we need of it. Other attributes may be there."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    specversion: Annotated[str, StringConstraints(pattern=r"^1\.0$")]
    id: MessageId
    source: str = Field(min_length=1, max_length=200)
    type: str = Field(max_length=100)
    data: dict[str, Any]


class Partner(Value):
    """An authority whose program is connected."""

    code: PartnerCode
    name: str
    sends: tuple[str, ...] = Field(description="the types of messages that it may write")
    organisation: Organisation | None = Field(
        None, examples=["area-837"], description="the employment authority, county or provider that it is"
    )
    source: Code | None = Field(
        None, examples=["immigration_service"], description="information_sources: whose lists of people it sends"
    )

    @model_validator(mode="after")
    def _is_told_of_whom_it_speaks(self) -> Self:
        for field, types in _NEEDED.items():
            if types & set(self.sends) and getattr(self, field) is None:
                raise ValueError(f"a partner that sends {', '.join(sorted(types))} has its {field} told")
        return self


_NEEDED = {
    "organisation": {
        "authority.transfer_request.v1",
        "authority.transfer_answer.v1",
        "authority.participation_answer.v1",
        "authority.county_contribution.v1",
        "authority.measure_report.v1",
        "authority.referral_answer.v1",
        "authority.completion.v1",
    },
    "source": {"authority.outreach_list.v1"},
}
"""What must be known of a partner that writes these: it is never taken from the message."""


class _File(Value):
    partner: tuple[Partner, ...] = ()


def read_partners(file: Path | None) -> tuple[Partner, ...]:
    """The partners that a TOML file names; raises pydantic's ValidationError, or OSError."""
    return _File.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))).partner if file else ()

"""Value types shared by contracts. They check SHAPE only; validity on a day is decided by the owning service."""

from contextlib import suppress
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

CustomerId = UUID
"""Opaque id of a person served; never derived from anything that identifies the person."""

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""A code of some code list: an open string, so that tomorrow's code parses today."""

MunicipalityCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]
"""Statistics Finland's municipality number, three digits with leading zeros, such as 091."""

LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
"""ISO 639-1, or ISO 639-3 where 639-1 has none."""

CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""ISO 3166-1 alpha-3; XXA stateless and XXX unspecified as in ICAO 9303."""

PersonalIdentityCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-Y]$")]
"""All eleven characters, separator included: since 2023 the code is not unique without it (decree 128/2010 2 §)."""

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(examples=["Example"]),
]
"""One line of text: a name, a street. No control characters, which a database may not be able to hold."""

Text = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$"), Field(examples=["In his own words."])]
"""Text of several lines."""

Words = Annotated[Text, StringConstraints(min_length=1, strip_whitespace=True)]
"""Text that is obligatory where it stands: blanks are none."""


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    with suppress(ValueError):
        if (day := date.fromisoformat(value)).isoformat() == value:
            return day
    raise PydanticCustomError("date_parsing", "Input should be a day in the form YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_day)]
"""A day as ISO 8601 writes it, and as the schema says; a bare `date` takes "0" too, as seconds after 1970."""

PhoneNumber = Annotated[str, StringConstraints(pattern=r"^\+?[0-9 -]{5,24}$")]
"""As it is written down; the owner compares numbers, not spellings."""


class Value(BaseModel):
    """A value without identity. Readers ignore fields they do not know; an error never repeats what was entered."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class PersonName(Value):
    """The names of a person, in the spelling of the identity document."""

    family: Name
    given: Name


class Address(Value):
    """A postal address in Finland or elsewhere."""

    street: Name
    postal_code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 -]{2,12}$")]
    city: Name
    country: CountryCode = "FIN"


class ContactDetails(Value):
    """How the person is reached. Never part of an event."""

    phone: PhoneNumber | None = None
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s\x00]+@[^@\s\x00]+$", max_length=254)] | None = None
    address: Address | None = None


class ResidencePermit(Value):
    """A residence permit, residence card or registered right of residence (Aliens Act 301/2004)."""

    kind: Code = Field(description="code list residence_permit_kinds")
    ground: Code = Field(description="code list residence_permit_grounds")
    granted_on: Day = Field(description="the day the three years of the Integration Act 681/2023 14 § run from")
    valid_from: Day | None = None
    valid_until: Day | None = None


class InterpreterNeed(Value):
    """Whether meetings need an interpreter, and to which language."""

    needed: bool
    language: LanguageCode | None = None

"""The people whose data must not leak: each value of each is one that is found nowhere else."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid4

from contracts.customer.background import DATA_OF_GROUP, Group
from contracts.customer.contacts import ReceiveContact
from contracts.customer.people import FIELDS_OF_DATA
from tests.support import helsinki_today

HERE, ELSEWHERE, COUNTY, PARTY, AUTHORITY = "837", "091", "06", "049", "area-049"
OWN_COUNTY, PROVIDER = "08", "0245437-2"
"""The county of HERE, and who does clarifying measures."""
Kind = Literal["ordinary", "protected", "sheltered", "trafficked"]
"""Sheltered: protected by somebody else in the household."""
KINDS: tuple[Kind, ...] = ("ordinary", "protected", "sheltered", "trafficked")
LOOKS, HOLDS, DEPUTY = "looks@tampere", "holds@tampere", "deputy@tampere"
"""Users: who looked at everybody, who holds a right, and who could."""
_ACTS_ON_PLANS = {"write_plan": "plan"}
"""What a refusal tells of a plan that was changed."""
_CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
DATA_OF_TOPIC = {"literacy": "assessment", "health_and_social_needs": "county_section"}
"""Topics of the assessment under which something is planted."""
HELD = {"held_on": str(helsinki_today()), "place": "office", "language": "fi", "language_understood": True}
OTHER_CONTENTS: dict[Group, dict[str, Any]] = {
    "residence_permits": {"group": "residence_permits", "permits": []},
    "education": {"group": "education", "studies": []},
    "goals": {"group": "goals", "goals": []},
    "benefits": {"group": "benefits", "benefits": []},
    "health": {"group": "health", "facts": []},
}
"""What a change puts in the place of what was planted."""


class Plant(NamedTuple):
    """A value that is planted: whoever may not see all of its data groups must not get it."""

    field: str
    groups: tuple[str, ...]
    text: str
    past: bool = False
    """Told by the history alone."""
    of_background: bool = False
    """Told by the doors of the background alone."""

    @property
    def is_code(self) -> bool:
        """Whether it is a value of a list, which others may have too."""
        return len(self.text) < 6 or (self.text.isidentifier() and self.text.islower())

    def is_in(self, body: bytes) -> bool:
        """Whether an answer holds it: as a whole value where it is short, else anywhere."""
        if len(self.text) >= 6:
            return self.text in body.decode()
        return self.text in set(_scalars(json.loads(body)))


@dataclass
class Planted:
    """One person, and what is planted in the record."""

    kind: Kind
    number: int
    customer_id: UUID
    version: int = 1
    is_open: bool = True
    code: str = ""
    name: str = ""
    phone: str = ""
    day: date = date(1990, 1, 1)
    grant_id: UUID | None = None
    """Of the right that HOLDS was given by HERE."""
    relation_id: UUID = field(default_factory=uuid4)
    """Of the relation to a sister who is no customer."""
    contact_id: UUID | None = None
    """Of the contact that another authority made to HERE."""
    withheld_id: UUID | None = None
    """Of somebody whom HERE withholds."""
    background_versions: dict[Group, int] = field(default_factory=dict)
    transfer_id: UUID = field(default_factory=uuid4)
    """Of a transfer that HERE offered to PARTY, which rejected it; of none where the relationship has ended."""
    partner_transfer_id: UUID = field(default_factory=uuid4)
    """The same, of an offer to AUTHORITY."""
    assessment_id: UUID = field(default_factory=uuid4)
    """Of an assessment of HERE that is under way; withdrawn where the relationship has ended."""
    assessment_version: int = 1
    measure_id: UUID = field(default_factory=uuid4)
    """Of a clarifying measure in it that is ordered."""
    participation_id: UUID = field(default_factory=uuid4)
    """Of the county's participation in it, in its fourth version: the county has agreed."""
    plan_id: UUID = field(default_factory=uuid4)
    """Of a plan that HERE drafted."""
    plan_version: int = 1
    referral_id: UUID = field(default_factory=uuid4)
    """Of a referral of it that waits for an answer."""
    completion_id: UUID = field(default_factory=uuid4)
    """Of a result of it."""
    document_id: UUID = field(default_factory=uuid4)
    """Of a document of HERE."""
    open_matters: tuple[UUID, ...] = ()
    operation_id: UUID | None = None
    """Of a list that HERE imported."""
    target_id: UUID | None = None
    protected_target_id: UUID | None = None
    """Of people on it, the second of them on a ground for few to know."""
    plants: list[Plant] = field(default_factory=list)

    @property
    def contact(self) -> str:
        """The data group of this person's contact details."""
        return "protected_contact" if self.kind in ("protected", "sheltered") else "contact"

    @property
    def permit(self) -> str:
        """The data group of this person's residence permit."""
        return "trafficking" if self.kind == "trafficked" else "residence_permit"

    def group(self, field: str) -> str:
        """The data group of a field of the person, of a group of the background, of a topic, or of an act on a plan."""
        of_field = {each: data for data, fields in FIELDS_OF_DATA.items() for each in fields}
        group = {**of_field, **DATA_OF_GROUP, **DATA_OF_TOPIC}.get(field) or _ACTS_ON_PLANS[field]
        return {"contact": self.contact, "residence_permit": self.permit}.get(group, group)

    def groups(self, fields: Collection[str]) -> set[str]:
        """The data groups of what is handled with these fields: who lifts a protection handles what it protects."""
        lifted = {self.contact} if "safety_non_disclosure" in fields and self.kind == "protected" else set()
        return {self.group(field) for field in fields} | lifted

    def plant(self, group: str, past: bool = False, of_background: bool = False, **texts: str) -> None:
        self.plants += [Plant(each, (group,), text, past, of_background) for each, text in texts.items()]


def unborn(number: int) -> Planted:
    """Somebody of whom nothing is on record."""
    planted = Planted("ordinary", number, UUID(int=number))
    describe(planted)
    return planted


def describe(planted: Planted) -> dict[str, Any]:
    """What is told at the opening, and planted."""
    number = planted.number
    planted.day = date(1960 + number, 1 + number % 12, 1 + number % 28)
    digits = f"{planted.day:%d%m%y}{900 + number}"
    planted.code = f"{planted.day:%d%m%y}-{900 + number}{_CHECK_CHARACTERS[int(digits) % 31]}"
    word = "".join(chr(ord("a") + int(digit)) for digit in f"{number:02}")
    family, given = f"Xyzfamily{word}", f"Xyzgiven{word}"
    planted.name, planted.phone = f"{given} {family}", f"+35845{7000000 + number}"
    email, street = f"planted{number}@example.org", f"Plantedstreet {number}"
    granted, until = f"{1980 + number}-03-07", f"{2060 + number}-03-08"
    ground = "victim_of_trafficking" if planted.kind == "trafficked" else "subsidiary_protection"
    planted.plant(
        "identity",
        family=family,
        given=given,
        date_of_birth=planted.day.isoformat(),
        personal_identity_code=planted.code,
        citizenships="TUV",
    )
    planted.plant(planted.contact, phone=planted.phone, email=email, street=street)
    planted.plant("language", mother_tongue="kca", language="yrk")
    planted.plant(planted.permit, ground=ground, granted_on=granted, valid_until=until)
    planted.plant("relationship", arrival="directed")
    return {
        "name": {"family": family, "given": given},
        "date_of_birth": planted.day,
        "personal_identity_code": planted.code,
        "citizenships": ["TUV"],
        "mother_tongue": "kca",
        "interpreter": {"needed": True, "language": "yrk"},
        "contact": {
            "phone": planted.phone,
            "email": email,
            "address": {"street": street, "postal_code": "99999", "city": "Plantedcity"},
        },
        "first_residence_permit": {
            "kind": "continuous",
            "ground": ground,
            "granted_on": granted,
            "valid_until": until,
        },
        "safety_non_disclosure": planted.kind == "protected",
    }


def contact(municipality: str, number: int) -> ReceiveContact:
    """Another authority's contact about somebody who is nobody's customer."""
    return ReceiveContact.model_validate(
        {
            "municipality": municipality,
            "authority": "school",
            "authority_name": f"Reporting authority {number}",
            "channel": "letter",
            "report": {
                "reporter": {"name": "Somebody"},
                "person": {
                    "name": {"family": f"Contactfamily{number}", "given": "Somebody"},
                    "date_of_birth": date(1960 + number, 7, 30),
                    "contact": {"phone": f"+35847{7000000 + number}"},
                },
                "needs": ["other"],
                "text": f"What is needed, {number}",
                "consent": {"not_needed": "other_act"},
            },
        }
    )


def _scalars(body: Any) -> Iterator[str]:
    if isinstance(body, dict | list):
        for each in body.values() if isinstance(body, dict) else body:
            yield from _scalars(each)
    else:
        yield str(body)

"""The integration programme (681/2023 13 §): a municipality's services that plans pick from, version by version."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from contracts.envelope import Request
from contracts.partners import PartnerCode
from contracts.types import Code, Day, LanguageCode, MunicipalityCode, Name, Text, Value
from contracts.usage import UserId

MOST_SERVICES = 50
"""Services on a page."""
MOST_ROWS = 1000
"""Services in a file."""

ServiceKey = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$"), Field(examples=["koto-2026-1"])
]
"""The municipality's own key of a service: by it a file names a service that is known already."""
Told = Annotated[str, StringConstraints(max_length=2100, pattern=r"^[^\x00]*$")]
"""A field as the file has it; a little longer than any may be, so that its row can be told so."""


class NameInLanguages(Value):
    """A name in Finnish, Swedish and English; a municipality has it in Finnish or in Swedish at least."""

    fi: Name | None = None
    sv: Name | None = None
    en: Name | None = None


class TextInLanguages(Value):
    """A text in Finnish, Swedish and English, as far as there is one."""

    fi: Text | None = None
    sv: Text | None = None
    en: Text | None = None


class ServiceProvider(Value):
    """Who gives the service; `partner` where its own program is connected."""

    name: Name
    partner: PartnerCode | None = Field(None, examples=[None])


class CivicOrientation(Value):
    """What multilingual civic orientation comes to (681/2023 25 §, 576/2024)."""

    hours: int = Field(ge=0, le=10_000, description="teaching and independent study together", examples=[70])
    topics: tuple[Code, ...] = Field(max_length=50, examples=[["studying"]], description="of 576/2024 1 §")
    mode: Code = Field(examples=["classroom"], description="how it is given (576/2024 3 §)")
    mode_ground: Code | None = Field(
        None, examples=["suits_the_client"], description="why it is given by self-study or interpreted"
    )


class ServiceContent(Value):
    """What a municipality tells of a service of its programme."""

    kind: Code = Field(examples=["language_course"], description="code list programme_service_kinds")
    name: NameInLanguages
    description: TextInLanguages = TextInLanguages()
    provider: ServiceProvider
    target_groups: tuple[Code, ...] = Field(
        (), max_length=50, examples=[["parent_at_home"]], description="code list programme_target_groups"
    )
    languages: tuple[LanguageCode, ...] = Field((), max_length=50, description="in which the service is given")
    places: int | None = Field(None, ge=0, le=100_000, description="null: not limited")
    starts_on: Day | None = None
    ends_on: Day | None = None
    schedule: Text | None = Field(None, examples=["Mondays and Thursdays at 9-12"])
    place: Name | None = Field(None, examples=["Esimerkkikatu 1, Tampere"])
    ptv_id: UUID | None = Field(None, description="of the service in the Finnish Service Catalogue (PTV)")
    valid_from: Day = Field(description="the first day on which it may be agreed on")
    valid_to: Day | None = Field(None, description="the last such day")
    external_key: ServiceKey | None = None
    civic_orientation: CivicOrientation | None = Field(None, description="of the kind civic_orientation alone")


class ProgrammeServiceVersion(Value):
    """The version that a service has now: a plan that agrees on it keeps both."""

    service_id: UUID
    version: int = Field(ge=1)


class ProgrammeService(ProgrammeServiceVersion):
    """A service of the programme as one of its versions tells; no version ever changes."""

    municipality: MunicipalityCode
    service: ServiceContent
    changed_at: AwareDatetime
    changed_by: UserId
    newest_version: int = Field(ge=1)
    places_taken: int = Field(ge=0, description="by referrals that wait for an answer or were taken up")


class Programme(Value):
    """A page of a municipality's services as they are now, by name."""

    services: tuple[ProgrammeService, ...]
    next_cursor: UUID | None = None


class AddProgrammeService(
    Request[ProgrammeServiceVersion],
    type="plan.add_programme_service.v1",
    changes=True,
    act="administer",
    data=("programme",),
):
    """Add a service to the acting municipality's programme."""

    service: ServiceContent


class ChangeProgrammeService(
    Request[ProgrammeServiceVersion],
    type="plan.change_programme_service.v1",
    changes=True,
    act="administer",
    data=("programme",),
):
    """Give a service a new version; the older ones stay as they are. What changes nothing makes no version."""

    service_id: UUID
    expected_version: int = Field(ge=1)
    service: ServiceContent


class GetProgrammeService(
    Request[ProgrammeService], type="plan.get_programme_service.v1", act="view", data=("programme",)
):
    """A service of the acting municipality, as it is now or as one of its versions tells."""

    service_id: UUID
    version: int | None = Field(None, ge=1, le=999_999_999, description="null: the newest", examples=[None])


class ListProgramme(Request[Programme], type="plan.list_programme.v1", act="view", data=("programme",)):
    """Services of the acting municipality as they are now, by name."""

    words: str | None = Field(
        None,
        max_length=200,
        pattern=r"^[^\x00]*$",
        examples=["suomi"],
        description="all of which are in a name, description or provider, in whatever language",
    )
    kind: Code | None = Field(None, examples=["language_course"])
    language: LanguageCode | None = None
    target_group: Code | None = Field(None, examples=["parent_at_home"])
    on: Day | None = Field(None, description="those that may be agreed on that day")
    with_room: bool = Field(False, description="those with a place left")
    cursor: UUID | None = Field(None, examples=[None], description="next_cursor of the page before")
    limit: int = Field(MOST_SERVICES, ge=1, le=MOST_SERVICES)


class ProgrammeRow(Value):
    """A service as a line of a file. Everything is text; several codes are separated by blanks."""

    external_key: Told = Field("", examples=["koto-2026-1"], description="the municipality's own key; not empty")
    kind: Told = Field("", examples=["language_course"], description="code list programme_service_kinds")
    name_fi: Told = Field("", examples=["Suomen kielen kurssi"], description="in Finnish or in Swedish at least")
    name_sv: Told = Field("", examples=["Kurs i finska"])
    name_en: Told = Field("", examples=["Course in Finnish"])
    description_fi: Told = Field("", examples=[""])
    description_sv: Told = Field("", examples=[""])
    description_en: Told = Field("", examples=[""])
    provider_name: Told = Field("", examples=["Esimerkkiopisto"])
    provider_partner: Told = Field("", examples=[""], description="the partner code of a connected provider")
    target_groups: Told = Field("", examples=["parent_at_home"], description="code list programme_target_groups")
    languages: Told = Field("", examples=["fi en"], description="ISO 639")
    places: Told = Field("", examples=["20"], description="empty: not limited")
    starts_on: Told = Field("", examples=["2026-08-17"], description="YYYY-MM-DD")
    ends_on: Told = Field("", examples=["2026-12-11"], description="YYYY-MM-DD")
    schedule: Told = Field("", examples=["ma ja to 9-12"])
    place: Told = Field("", examples=["Esimerkkikatu 1"])
    ptv_id: Told = Field("", examples=[""], description="id in the Finnish Service Catalogue")
    valid_from: Told = Field("", examples=["2026-01-01"], description="YYYY-MM-DD")
    valid_to: Told = Field("", examples=[""], description="YYYY-MM-DD")
    hours: Told = Field("", examples=[""], description="of civic orientation")
    topics: Told = Field("", examples=[""], description="of civic orientation")
    mode: Told = Field("", examples=[""], description="of civic orientation")
    mode_ground: Told = Field("", examples=[""], description="of civic orientation")


class ProgrammeImported(Value):
    """What a file came to, or would have: all of its rows or none."""

    added: int = Field(ge=0)
    changed: int = Field(ge=0)
    unchanged: int = Field(ge=0)
    dry_run: bool


class ImportProgramme(
    Request[ProgrammeImported],
    type="plan.import_programme.v1",
    changes=True,
    act="administer",
    data=("programme",),
):
    """Take over services from a file: a row with a known key makes a new version where it differs, any other a service.

    Services that the file does not name stay as they are. A rule that a row breaks is told with `/<row>/<column>`,
    rows counted from 1.
    """

    rows: tuple[ProgrammeRow, ...] = Field(max_length=MOST_ROWS)
    dry_run: bool = Field(False, description="check and count, and write nothing")

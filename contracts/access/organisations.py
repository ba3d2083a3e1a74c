"""Organisations whose people may be given rights: municipalities, counties, state authorities, providers."""

from typing import Literal

from pydantic import Field

from contracts.access.rights import MOST_LISTED
from contracts.envelope import Request
from contracts.types import Day, MunicipalityCode, Name, Value
from contracts.usage import Organisation

OrganisationKind = Literal[
    "municipality", "wellbeing_services_county", "state_authority", "service_provider", "employment_area"
]


class OrganisationEntry(Value):
    """An organisation; one may be of several kinds: the City of Helsinki is a municipality and a county."""

    code: Organisation
    kinds: tuple[OrganisationKind, ...]
    name_fi: Name
    name_sv: Name
    name_en: Name | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None
    successors: tuple[Organisation, ...] = Field((), description="who took over its tasks when it ended")
    members: tuple[MunicipalityCode, ...] = Field((), description="the municipalities of an employment area")
    contract_ends_on: Day | None = Field(
        None, description="of a provider: until when it serves the acting municipality"
    )


class Organisations(Value):
    """A page of organisations."""

    organisations: tuple[OrganisationEntry, ...]
    next_cursor: Organisation | None = None


class ListOrganisations(Request[Organisations], type="access.list_organisations.v1", act="view", data=("rights",)):
    """Organisations by kind and by part of a name, ended ones too."""

    kind: OrganisationKind | None = None
    name: Name | None = None
    cursor: Organisation | None = None
    limit: int = Field(MOST_LISTED, ge=1, le=MOST_LISTED)


class OrganisationAdded(Value):
    """The organisation that was added or changed."""

    code: Organisation


class AddProvider(
    Request[OrganisationAdded], type="access.add_provider.v1", changes=True, act="administer", data=("rights",)
):
    """Tell that a provider serves the acting municipality until a day. Told again, the day is changed.

    Rights of its staff end with the contract.
    """

    code: Organisation = Field(examples=["0245437-2"], description="the provider's business id")
    name: Name
    contract_ends_on: Day


class AddEmploymentArea(
    Request[OrganisationAdded], type="access.add_employment_area.v1", changes=True, act="administer", data=("rights",)
):
    """Tell which municipalities make up the employment area for which the acting one is responsible."""

    name_fi: Name
    name_sv: Name
    members: tuple[MunicipalityCode, ...] = Field(min_length=1, max_length=50)

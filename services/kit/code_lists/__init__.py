"""Code lists with validity on a day. Pure data, read once. Sources, columns and the yearly import: README.md here."""

import csv
import gettext
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated, Any, Generic, Literal, TypeVar

import pycountry
from pydantic import BeforeValidator, TypeAdapter

NameLanguage = Literal["fi", "sv", "en"]


class UnknownCode(LookupError):
    """A code that its list does not have, or does not have on that day."""

    def __init__(self, code_list: str, code: str, on: date | None = None) -> None:
        super().__init__(f"{code_list} has no code {code!r}" + (f" on {on.isoformat()}" if on else ""))
        self.code_list, self.code, self.on = code_list, code, on


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A code and the days on which it may be used, both ends included; None: since before the list began, until now."""

    code: str
    name_fi: str
    name_sv: str
    valid_from: date | None = None
    valid_to: date | None = None

    def is_valid(self, on: date) -> bool:
        return (self.valid_from or on) <= on <= (self.valid_to or on)


@dataclass(frozen=True, kw_only=True)
class Municipality(Entry):
    """`languages` are those of the Language Act 423/2003 5 §, the majority's first; the county is that of 2023 on."""

    languages: Annotated[tuple[Literal["fi", "sv"], ...], BeforeValidator(str.split)]
    wellbeing_services_county: str


@dataclass(frozen=True, kw_only=True)
class WellbeingServicesCounty(Entry):
    """What is said of a county applies to the City of Helsinki, 90 (681/2023 100 §); 91 is Åland."""

    name_en: str


@dataclass(frozen=True, kw_only=True)
class LanguageLevel(Entry):
    """A level of the Finnish application of CEFR; a greater `order` is a better skill."""

    name_en: str
    order: int
    verified: bool


@dataclass(frozen=True, kw_only=True)
class PermitKind(Entry):
    """A kind of right to stay; `designation` is the letter on the residence permit card, if there is one."""

    name_en: str
    designation: str | None = None
    legal_basis: str
    verified: bool


@dataclass(frozen=True, kw_only=True)
class PermitGround(Entry):
    """Why the permit was granted, and the group of 681/2023 2 § that the ground makes possible.

    The group is `<section>.<subsection>[.<item>]`. Where a condition stands beside it the ground alone does not decide.
    """

    name_en: str
    legal_basis: str | None = None
    integration_act_group: Literal["2.3.1", "2.3.2", "2.3.3", "2.3.4", "2.3.5", "2.4"] | None = None
    integration_act_condition: (
        Literal["applied_for_protection", "continuous_permit", "municipality_of_residence", "tie_before_arrival"] | None
    ) = None
    verified: bool


@dataclass(frozen=True, kw_only=True)
class NamedCode(Entry):
    """A code of a list of the project's own."""

    name_en: str


@dataclass(frozen=True, kw_only=True)
class FamilyRelationKind(NamedCode):
    """What somebody is to another; `inverse` is what the other is to him or her."""

    inverse: str
    legal_basis: str | None = None
    verified: bool


@dataclass(frozen=True, kw_only=True)
class ProficiencyScale(NamedCode):
    """A scale of skill in a language, and the list that its levels are on."""

    levels: str


@dataclass(frozen=True, kw_only=True)
class LawfulUse(NamedCode):
    """A task, a purpose, a fact or a kind of service that the law knows, and the sections it rests on."""

    legal_basis: str
    verified: bool


@dataclass(frozen=True, kw_only=True)
class OutreachGround(LawfulUse):
    """Why somebody is to be reached (681/2023 84 §); `sources` are the information sources that may tell it."""

    sources: Annotated[tuple[str, ...], BeforeValidator(str.split)]
    three_years_apply: bool
    protected: bool


@dataclass(frozen=True, kw_only=True)
class OutreachOutcome(NamedCode):
    """What came of an attempt to contact somebody, and where the contact stands after it."""

    state: Literal["not_reached", "reached", "declined", "not_found", "already_customer"]


@dataclass(frozen=True, kw_only=True)
class StateAuthority(NamedCode):
    """A state authority; `successors` are those that took over its tasks when it ended."""

    successors: Annotated[tuple[str, ...], BeforeValidator(str.split)] = ()
    verified: bool


EntryType = TypeVar("EntryType", bound=Entry)


class CodeList(Generic[EntryType]):
    """One list, read from `<name>.csv` when first asked. `version` is the day whose state of the source it tells."""

    def __init__(self, name: str, entry_type: type[EntryType], version: date) -> None:
        self.name, self.entry_type, self.version = name, entry_type, version

    @cached_property
    def entries(self) -> tuple[EntryType, ...]:
        """Every entry that ever was, in the order of the file."""
        read = TypeAdapter(self.entry_type).validate_python
        lines = files(__name__).joinpath(f"{self.name}.csv").read_text("utf-8").splitlines()
        return tuple(read({column: text for column, text in row.items() if text}) for row in csv.DictReader(lines))

    def valid(self, on: date) -> tuple[EntryType, ...]:
        """The entries valid on the day, in the order of the file."""
        return tuple(entry for entry in self.entries if entry.is_valid(on))

    def get(self, code: str, on: date) -> EntryType:
        """The entry of the code on the day; UnknownCode if there is none."""
        for entry in self.entries:
            if entry.code == code and entry.is_valid(on):
                return entry
        raise UnknownCode(self.name, code, on)

    def has(self, code: str, on: date) -> bool:
        """Whether the code is valid on the day."""
        return any(entry.code == code and entry.is_valid(on) for entry in self.entries)


MUNICIPALITIES = CodeList("municipalities", Municipality, date(2025, 1, 1))
municipality = MUNICIPALITIES.get
municipalities = MUNICIPALITIES.valid
is_valid_municipality = MUNICIPALITIES.has

COUNTIES = CodeList("wellbeing_services_counties", WellbeingServicesCounty, date(2023, 1, 1))
wellbeing_services_county = COUNTIES.get
wellbeing_services_counties = COUNTIES.valid
is_valid_wellbeing_services_county = COUNTIES.has

PERMIT_KINDS = CodeList("residence_permit_kinds", PermitKind, date(2025, 1, 1))
permit_kind = PERMIT_KINDS.get
permit_kinds = PERMIT_KINDS.valid
is_valid_permit_kind = PERMIT_KINDS.has

PERMIT_GROUNDS = CodeList("residence_permit_grounds", PermitGround, date(2025, 1, 1))
permit_ground = PERMIT_GROUNDS.get
permit_grounds = PERMIT_GROUNDS.valid
is_valid_permit_ground = PERMIT_GROUNDS.has

END_REASONS = CodeList("client_relationship_end_reasons", NamedCode, date(2025, 1, 1))
end_reasons = END_REASONS.valid
is_valid_end_reason = END_REASONS.has

FAMILY_RELATION_KINDS = CodeList("family_relation_kinds", FamilyRelationKind, date(2026, 1, 1))
family_relation_kind = FAMILY_RELATION_KINDS.get
is_valid_family_relation_kind = FAMILY_RELATION_KINDS.has

INFORMATION_SOURCES = CodeList("information_sources", NamedCode, date(2025, 1, 1))
information_sources = INFORMATION_SOURCES.valid
is_valid_information_source = INFORMATION_SOURCES.has

TASKS = CodeList("tasks", LawfulUse, date(2025, 1, 1))
tasks = TASKS.valid
is_valid_task = TASKS.has

PURPOSES_OF_USE = CodeList("purposes_of_use", LawfulUse, date(2025, 1, 1))
purposes_of_use = PURPOSES_OF_USE.valid
is_valid_purpose_of_use = PURPOSES_OF_USE.has

ANOMALY_OUTCOMES = CodeList("anomaly_outcomes", NamedCode, date(2026, 1, 1))
anomaly_outcomes = ANOMALY_OUTCOMES.valid
is_valid_anomaly_outcome = ANOMALY_OUTCOMES.has

CONSENT_WAYS = CodeList("consent_ways", NamedCode, date(2025, 1, 1))
is_valid_consent_way = CONSENT_WAYS.has

CONSENT_EXCEPTIONS = CodeList("consent_exceptions", LawfulUse, date(2025, 1, 1))
is_valid_consent_exception = CONSENT_EXCEPTIONS.has

REPORTED_SERVICE_NEEDS = CodeList("reported_service_needs", NamedCode, date(2025, 1, 1))
is_valid_reported_service_need = REPORTED_SERVICE_NEEDS.has

CONTACT_END_REASONS = CodeList("contact_end_reasons", NamedCode, date(2025, 1, 1))
is_valid_contact_end_reason = CONTACT_END_REASONS.has


TRANSFER_REASONS = CodeList("transfer_reasons", NamedCode, date(2025, 1, 1))
is_valid_transfer_reason = TRANSFER_REASONS.has

TRANSFER_REJECTION_REASONS = CodeList("transfer_rejection_reasons", NamedCode, date(2025, 1, 1))
is_valid_transfer_rejection_reason = TRANSFER_REJECTION_REASONS.has


OUTREACH_GROUNDS = CodeList("outreach_grounds", OutreachGround, date(2026, 1, 1))
outreach_ground = OUTREACH_GROUNDS.get
is_valid_outreach_ground = OUTREACH_GROUNDS.has

OUTREACH_CHANNELS = CodeList("outreach_channels", NamedCode, date(2026, 1, 1))
is_valid_outreach_channel = OUTREACH_CHANNELS.has

OUTREACH_OUTCOMES = CodeList("outreach_outcomes", OutreachOutcome, date(2026, 1, 1))
outreach_outcome = OUTREACH_OUTCOMES.get
DUPLICATE_REASONS = CodeList("duplicate_reasons", NamedCode, date(2026, 1, 1))
is_valid_duplicate_reason = DUPLICATE_REASONS.has

STATE_AUTHORITIES = CodeList("state_authorities", StateAuthority, date(2026, 1, 1))

EDUCATION_LEVELS = CodeList("education_levels", NamedCode, date(2011, 11, 1))
CEFR_LEVELS = CodeList("cefr_levels", NamedCode, date(2001, 1, 1))
LITERACY_LEVELS = CodeList("literacy_levels", NamedCode, date(2026, 1, 1))
LANGUAGE_SKILL_KINDS = CodeList("language_skill_kinds", NamedCode, date(2026, 1, 1))
PROFICIENCY_SCALES = CodeList("proficiency_scales", ProficiencyScale, date(2026, 1, 1))
SKILL_SOURCES = CodeList("skill_sources", NamedCode, date(2026, 1, 1))
GOAL_KINDS = CodeList("goal_kinds", NamedCode, date(2026, 1, 1))
LIFE_SITUATION_FACTS = CodeList("life_situation_facts", NamedCode, date(2026, 1, 1))
BENEFIT_KINDS = CodeList("benefit_kinds", LawfulUse, date(2026, 1, 1))
HEALTH_EFFECTS = CodeList("health_effects", NamedCode, date(2026, 1, 1))

INTEGRATION_NEEDS = CodeList("integration_needs", NamedCode, date(2025, 1, 1))
INTERVIEW_PLACES = CodeList("interview_places", NamedCode, date(2025, 1, 1))
INTERVIEW_PARTICIPANTS = CodeList("interview_participants", NamedCode, date(2025, 1, 1))
UNDERSTANDING_CHECKS = CodeList("understanding_checks", NamedCode, date(2025, 1, 1))
ASSESSMENT_DROP_GROUNDS = CodeList("assessment_drop_grounds", NamedCode, date(2025, 1, 1))
PROGRAMME_SERVICE_KINDS = CodeList("programme_service_kinds", LawfulUse, date(2026, 1, 1))
PROGRAMME_TARGET_GROUPS = CodeList("programme_target_groups", NamedCode, date(2026, 1, 1))
REFERRAL_DECLINE_REASONS = CodeList("referral_decline_reasons", NamedCode, date(2026, 1, 1))
COMPLETION_KINDS = CodeList("completion_kinds", NamedCode, date(2026, 1, 1))
INTERRUPTION_REASONS = CodeList("interruption_reasons", NamedCode, date(2026, 1, 1))
PLAN_END_REASONS = CodeList("plan_end_reasons", NamedCode, date(2025, 1, 1))
FOLLOW_ON_PLANS = CodeList("follow_on_plans", NamedCode, date(2025, 1, 1))
APPROVAL_WAYS = CodeList("approval_ways", NamedCode, date(2025, 1, 1))
PLAN_REVIEW_REASONS = CodeList("plan_review_reasons", NamedCode, date(2025, 1, 1))
GOAL_PROGRESS = CodeList("goal_progress", NamedCode, date(2025, 1, 1))

LANGUAGE_LEVELS = CodeList("language_levels", LanguageLevel, date(2022, 10, 4))
language_levels = LANGUAGE_LEVELS.valid
is_valid_language_level = LANGUAGE_LEVELS.has

COUNTY_PARTICIPATION_WAYS = CodeList("county_participation_ways", NamedCode, date(2026, 1, 1))
PARTICIPATION_REJECTION_REASONS = CodeList("participation_rejection_reasons", NamedCode, date(2026, 1, 1))
ANSWER_CHANNELS = CodeList("answer_channels", NamedCode, date(2026, 1, 1))

LISTS: dict[str, CodeList[Any]] = {
    each.name: each
    for each in (
        MUNICIPALITIES,
        COUNTIES,
        STATE_AUTHORITIES,
        PERMIT_KINDS,
        PERMIT_GROUNDS,
        END_REASONS,
        FAMILY_RELATION_KINDS,
        INFORMATION_SOURCES,
        TASKS,
        PURPOSES_OF_USE,
        ANOMALY_OUTCOMES,
        CONSENT_WAYS,
        CONSENT_EXCEPTIONS,
        REPORTED_SERVICE_NEEDS,
        CONTACT_END_REASONS,
        TRANSFER_REASONS,
        TRANSFER_REJECTION_REASONS,
        OUTREACH_GROUNDS,
        OUTREACH_CHANNELS,
        OUTREACH_OUTCOMES,
        DUPLICATE_REASONS,
        COUNTY_PARTICIPATION_WAYS,
        PARTICIPATION_REJECTION_REASONS,
        ANSWER_CHANNELS,
        LANGUAGE_LEVELS,
        CEFR_LEVELS,
        LITERACY_LEVELS,
        PROFICIENCY_SCALES,
        LANGUAGE_SKILL_KINDS,
        SKILL_SOURCES,
        EDUCATION_LEVELS,
        GOAL_KINDS,
        GOAL_PROGRESS,
        PLAN_REVIEW_REASONS,
        PLAN_END_REASONS,
        FOLLOW_ON_PLANS,
        APPROVAL_WAYS,
        LIFE_SITUATION_FACTS,
        BENEFIT_KINDS,
        HEALTH_EFFECTS,
        INTEGRATION_NEEDS,
        INTERVIEW_PLACES,
        INTERVIEW_PARTICIPANTS,
        UNDERSTANDING_CHECKS,
        ASSESSMENT_DROP_GROUNDS,
        PROGRAMME_SERVICE_KINDS,
        PROGRAMME_TARGET_GROUPS,
        REFERRAL_DECLINE_REASONS,
        COMPLETION_KINDS,
        INTERRUPTION_REASONS,
    )
}
"""Every list that is a file here, by name."""


def language_level(code: str) -> LanguageLevel:
    """The level, whatever the day: a result of long ago keeps its place in the order."""
    for level in LANGUAGE_LEVELS.entries:
        if level.code == code:
            return level
    raise UnknownCode(LANGUAGE_LEVELS.name, code)


# Codes that ISO 3166-1 leaves to its users, and their names: XXA and XXX as in ICAO 9303; XKX for Kosovo as in the EU,
# since Finland recognises Kosovo and ISO has no code for it.
USER_ASSIGNED_COUNTRIES: dict[str, dict[NameLanguage, str]] = {
    "XKX": {"fi": "Kosovo", "sv": "Kosovo", "en": "Kosovo"},
    "XXA": {"fi": "kansalaisuudeton", "sv": "statslös", "en": "stateless"},
    "XXX": {"fi": "kansalaisuus tuntematon", "sv": "okänt medborgarskap", "en": "unspecified nationality"},
}


@cache
def _countries() -> dict[str, str]:
    return {country.alpha_3: country.name for country in pycountry.countries}


@cache
def _languages() -> dict[str, str]:
    # scope S: codes for no language (und, mul, zxx, mis)
    return {
        getattr(language, "alpha_2", language.alpha_3): language.name
        for language in pycountry.languages
        if language.scope != "S"
    }


def is_country(code: str) -> bool:
    """Whether the code is a country or citizenship: ISO 3166-1 alpha-3, XXA stateless, XXX unspecified, XKX Kosovo."""
    return code in USER_ASSIGNED_COUNTRIES or code in _countries()


def is_language(code: str) -> bool:
    """Whether the code is a language: ISO 639-1, or ISO 639-3 only where 639-1 has none, so that each has one code."""
    return code in _languages()


def country_name(code: str, language: NameLanguage) -> str:
    """The country's name; English where pycountry lacks the translation."""
    if code in USER_ASSIGNED_COUNTRIES:
        return USER_ASSIGNED_COUNTRIES[code][language]
    return _name("countries", "iso3166-1", _countries(), code, language)


def language_name(code: str, language: NameLanguage) -> str:
    """The language's name; English where pycountry lacks the translation."""
    return _name("languages", "iso639-3", _languages(), code, language)


def _name(code_list: str, domain: str, names: dict[str, str], code: str, language: NameLanguage) -> str:
    if code not in names:
        raise UnknownCode(code_list, code)
    return _translations(domain, language).gettext(names[code])


@cache
def _translations(domain: str, language: NameLanguage) -> gettext.NullTranslations:
    return gettext.translation(domain, pycountry.LOCALES_DIR, [language], fallback=True)

"""The fixed texts of documents, by language: what the program says, in short sentences; never what people wrote."""

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

OFFICIAL = ("fi", "sv", "en")
"""Languages in which a document can be approved, and in which codes have names."""
RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


class Words(BaseModel):
    """All fixed texts in one language; a file that lacks one is not read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document_of: str
    no_education_goal: str
    told_on: str
    plan: dict[str, str]
    is_copy: str
    approved_language: dict[str, str]
    official_language: dict[str, str]
    official_document: str
    name: str
    date_of_birth: str
    family_members: str
    municipality: str
    edition: str
    legal_basis: str
    law_section: dict[str, str]
    """By the codes of due dates: what the law's own words say of them ends in a day, which a document can't know."""
    document_number: str
    plan_is: str
    ask: str
    goals: str
    goal_time: str
    goal_of: str
    goal_long: str
    goal_plan: str
    services: str
    service_time: str
    service_by: str
    service_why: str
    service_for: str
    own_studies: str
    until_further: str
    follow_up: str
    next_review: str
    in_force: str
    duties: str
    your_duties: tuple[str, ...]
    approval: str
    approval_note: str
    who: str
    date: str
    signature: str
    customer: str
    expert: str
    county: str
    assessment: str
    assessment_is: str
    interview: str
    topics: str
    needs: str
    measures: str
    measure_by: str
    done_on: str
    told_to_you: str
    conclusion: str
    result: dict[str, str]
    referred_to: str
    reason: str
    concluded_on: str
    made_by: str
    authority: dict[str, str]
    unprintable: str
    codes: dict[str, str] = {}
    """Names of codes, where the language is none of those in which code lists have them."""


@cache
def words() -> dict[str, Words]:
    """The fixed texts by language; there are no others, and no copies in other languages."""
    text = files("services.records.rules").joinpath("words.toml").read_text("utf-8")
    return {language: Words.model_validate(told) for language, told in tomllib.loads(text).items()}

"""What schemathesis is told in code. It loads this itself, in a process of its own."""

import itertools
import json
import os
import re
from typing import Any
from uuid import uuid4

import schemathesis

from services.access import rules as access_rules
from services.assessment.rules import base as assessment_rules
from services.customer.rules import background as background_rules
from services.customer.rules import contacts as contact_rules
from services.customer.rules import duplicates as duplicate_rules
from services.customer.rules import families as family_rules
from services.customer.rules import operations as operation_rules
from services.customer.rules import outreach as outreach_rules
from services.customer.rules import people as customer_rules
from services.customer.rules import transfers as transfer_rules
from services.gateway.caller import CSRF_HEADER
from services.gateway.sessions import COOKIE
from services.plan.rules import due_dates as due_date_rules
from services.plan.rules import offering as offering_rules
from services.plan.rules import programme as programme_rules
from services.plan.rules import referrals as referral_rules

_TOKENS = json.loads(os.environ["KOTO_FUZZ_TOKENS"])
_KEPT = json.loads(os.environ["KOTO_FUZZ_KEPT"])
_CUSTOMERS = itertools.cycle(each for known in json.loads(os.environ["KOTO_FUZZ_CUSTOMERS"]) for each in (known, None))
_PREPARED = {
    operation: itertools.cycle(each for prepared in told for each in (prepared, None))
    for operation, told in json.loads(os.environ["KOTO_FUZZ_PREPARED"]).items()
}
"""Requests that can succeed, by operation: their path and query parameters, version and body, where these matter."""
_ETAGS: dict[tuple[str, str], str] = {}
"""Of the customers who are there and the groups of their background, as the last answers told."""
_SESSIONS = itertools.cycle(json.loads(os.environ["KOTO_FUZZ_SESSIONS"]))
_RULES = {
    rule
    for rules in (
        customer_rules,
        background_rules,
        family_rules,
        duplicate_rules,
        contact_rules,
        transfer_rules,
        operation_rules,
        outreach_rules,
        access_rules,
        due_date_rules,
        offering_rules,
        programme_rules,
        referral_rules,
        assessment_rules,
    )
    for rule in rules.RULES
} | {"columns"}
_ROLES = {  # whose operation it is: that of the first words found in its path
    "/me/": "customer",
    "/usage|/anomalies|/notices|/watch": "data_protection_officer",
    "/organisations|/users|/grants|/withheld-customers|/receiving-party": "access_administrator",
    "/programme|/teams|/due-date-settings": "supervisor",
    "": "integration_expert",
}


@schemathesis.serializer("text/csv")
def as_csv(context: Any, value: Any) -> bytes:
    """A list as a file is a text already."""
    return str(value).encode(errors="replace")


@schemathesis.hook
def before_load_schema(context: Any, schema: dict[str, Any]) -> None:
    """Takes away `default`, which would make every status a documented one."""
    for path in schema["paths"].values():
        for operation in path.values():
            operation["responses"].pop("default")


@schemathesis.auth(refresh_interval=None).skip_for(tag="session")
class ByToken:
    """The routes that ask services, each as somebody whose task it is."""

    def get(self, case: Any, context: Any) -> str:
        role = next(role for words, role in _ROLES.items() if re.search(words, case.operation.path))
        return f"Bearer {_TOKENS[role]}"

    def set(self, case: Any, token: str, context: Any) -> None:
        case.headers["Authorization"] = token


@schemathesis.auth(refresh_interval=None).apply_to(tag="session")
class BySession:
    """The routes about a browser's session: another one each time, for some of these requests end it."""

    def get(self, case: Any, context: Any) -> tuple[str, str, str]:
        return next(_SESSIONS)

    def set(self, case: Any, session: tuple[str, str, str], context: Any) -> None:
        case.cookies[COOKIE], case.headers[CSRF_HEADER], grant_id = session
        if case.meta.generation.mode.is_positive and case.operation.path.endswith("/act"):
            case.body = {"grant_id": grant_id}


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Gives a new act a new key, a user the first right, and half of those who read or change a customer who is there.

    What is made up would be refused for nothing else.
    """
    if case.meta.generation.mode.is_positive and "Koto-Purpose" in case.headers:
        case.headers["Koto-Purpose"] = "assessment"
    if case.meta.generation.mode.is_positive and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid4())
    if case.meta.generation.mode.is_positive:
        case.headers.pop("Koto-Grant", None)
        if "group" in case.path_parameters and isinstance(case.body, dict):  # as the content says
            case.path_parameters["group"] = case.body["content"]["group"]
        looks = case.operation.method.upper() in ("GET", "PATCH", "PUT")
        if looks and "customer_id" in case.path_parameters and (known := next(_CUSTOMERS)):
            case.path_parameters["customer_id"] = known
            if "If-Match" in case.headers:
                case.headers["If-Match"] = _ETAGS.get(_place(case), '"0"' if _place(case)[1] else '"1"')
        operation = case.operation.definition.raw["operationId"]
        if operation in _PREPARED and (prepared := next(_PREPARED[operation])):
            case.path_parameters.update(prepared["path"])
            case.query.update(prepared["query"])
            case.headers.update(prepared["headers"])
            if "body" in prepared:
                case.body = prepared["body"]
    if case.operation.path.endswith("/end") and case.path_parameters.get("grant_id") in _KEPT:
        case.path_parameters["grant_id"] = str(
            uuid4()
        )  # the administrator would end the right that it acts under, or what is reviewed


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Remembers the version of a customer, or of a group, for its next change."""
    if "etag" in response.headers and not case.operation.path.endswith("/family"):  # there it is a relation's
        _ETAGS[_place(case)] = response.headers["etag"][0]


def _place(case: Any) -> tuple[str, str]:
    """What a version is of: the customer, and the group of the background."""
    return case.path_parameters.get("customer_id", ""), case.path_parameters.get("group", "")


@schemathesis.check
def what_fits_the_schema_is_not_refused_for_its_shape(context: Any, response: Any, case: Any) -> None:
    """A rule of the domain may refuse it, such as a code list. A rule of shape says that the schema is too wide."""
    if case.meta.generation.mode.is_positive and response.status_code == 422:
        errors = response.json().get("errors", ())  # none: of the key, that it was another request's
        of_shape = [each for each in errors if each["rule"] not in _RULES and not _is_known(each)]
        assert not of_shape, of_shape


def _is_known(error: dict[str, str]) -> bool:
    """Whether it is one of the three places where a schema is a hair's breadth wider than what is accepted."""
    return (
        error["rule"] == "int_type"  # 32.0 is an integer to JSON Schema
        or error["rule"] == "string_too_short"  # a name of blanks only: they are cut off before it is measured
        or error["pointer"].endswith("/email")  # U+0085 is white space to us, and not to the schema's dialect of `\\s`
    )

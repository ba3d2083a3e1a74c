"""Questions to the usage log. Each is a use of it, and is logged."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import Row

from contracts.access.usage_log import (
    FindSearches,
    FindUsageByUser,
    FindUsageOfCustomer,
    GetOwnUsage,
    NamedCode,
    OwnUsage,
    OwnUsageLine,
    UsageLine,
    UsageLines,
)
from contracts.envelope import FieldError
from services.access.law import usage_log_law
from services.access.repository import usage_log as repository
from services.access.repository.merges import ids_of
from services.access.settings import AccessSettings
from services.access.texts import Texts, texts_in
from services.kit.errors import InvalidInput, NotFound
from services.kit.words import words_asked
from services.kit.work import Work

LOG, INVESTIGATION = ("usage_log",), "log_investigation"
TOLD_AS = {"trafficking": "residence_permit", "protected_contact": "contact"}
"""Data groups under a wider name: whoever looks over the customer's shoulder must not learn what is protected."""


async def find_usage_of_customer(message: FindUsageOfCustomer, work: Work) -> UsageLines:
    """Who used one customer's data, or tried to: by users of the own organisation, or under rights that it granted.

    Under whichever of the customer's ids: of the record kept, and of those merged into it.
    """
    ids = await ids_of(work, [message.customer_id])
    if not ids.isdisjoint(work.actor.withheld):
        raise NotFound
    rows = await repository.lines_of_customer(work, ids, message.cursor, message.limit)
    page = _page(rows, message.limit, work)
    work.record_use([message.customer_id], LOG, relation="none", purpose=INVESTIGATION, found=len(page.lines))
    return page


async def find_usage_by_user(message: FindUsageByUser, work: Work) -> UsageLines:
    """What one user saw, did and was refused, as far as it is the asker's organisation's to know."""
    rows = await repository.lines_of_user(work, message.user, message.cursor, message.limit)
    page = _page(rows, message.limit, work)
    work.record_use(
        (), LOG, relation="none", purpose=INVESTIGATION, found=len(page.lines), sealed={"user": message.user}
    )
    return page


async def find_searches(message: FindSearches, work: Work) -> UsageLines:
    """Who looked a person up by all that is given: names as whole words, however they were spelt."""
    asked = message.model_dump(mode="json", exclude_none=True, exclude={"cursor", "limit"})
    words = words_asked(
        name=message.name,
        date_of_birth=message.date_of_birth,
        personal_identity_code=message.personal_identity_code,
        phone=message.phone,
    )
    if not words:
        pointer = "/name" if message.name else ""
        raise InvalidInput(errors=[FieldError(pointer=pointer, rule="no_word", detail="nothing to look for")])
    rows = await repository.searches(work, work.usage_keys.hashes(words), message.cursor, message.limit)
    page = _page(rows, message.limit, work)
    work.record_use((), LOG, relation="none", purpose=INVESTIGATION, found=len(page.lines), sealed=asked, words=words)
    return page


async def get_own_usage(message: GetOwnUsage, work: Work) -> OwnUsage:
    """What others did with the data of the customer that the actor is.

    Refusals are left out: nothing was seen. So is what the customer looked at. What no person does is not in the log.
    """
    own = work.actor.own_record
    if own is None:
        raise NotFound("There is no customer record of yours.")
    held_back = {act: work.now - timedelta(days=each.days) for each in usage_log_law().held_back for act in each.acts}
    rows, more = _cut(
        await repository.lines_of_own_record(work, await ids_of(work, [own]), held_back, message.cursor, message.limit),
        message.limit,
    )
    names = await repository.organisation_names(work, {row.organisation for row in rows})
    texts = texts_in(message.languages)
    work.record_use([own], LOG, relation="own_record", purpose="own_data", found=len(rows))
    return OwnUsage(
        language=texts.language,
        verified=texts.verified,
        lines=tuple(_own_line(row, names, texts) for row in rows),
        next_cursor=more,
    )


def _page(rows: Sequence[Row[Any]], limit: int, work: Work) -> UsageLines:
    shown, more = _cut(rows, limit)
    assert isinstance(work.settings, AccessSettings)
    keys = KeySet.import_key_set(json.loads(work.settings.usage_private_keys.get_secret_value()))
    return UsageLines(lines=tuple(_line(row, keys) for row in shown), next_cursor=more)


def _cut(rows: Sequence[Row[Any]], limit: int) -> tuple[Sequence[Row[Any]], str | None]:
    """The rows of a page, and the cursor of the next; one more row was read than the page holds."""
    shown = rows[:limit]
    return shown, repository.cursor_of(shown[-1]) if len(rows) > limit else None


def _line(row: Row[Any], keys: KeySet) -> UsageLine:
    told = dict(row._mapping)
    return UsageLine(
        user=told.pop("user_id"), grant=told.pop("grant_id"), told=_opened(told.pop("sealed"), keys), **told
    )


def _opened(sealed: str | None, keys: KeySet) -> Any:
    """What a service sealed; a word in its place when its key is gone, for the rest of the line is still true."""
    if sealed is None:
        return None
    try:
        return json.loads(jwe.decrypt_compact(sealed, keys).plaintext or b"null")
    except (JoseError, ValueError):
        return "sealed by a key that is gone"


def _own_line(row: Row[Any], organisations: Mapping[str, Row[Any]], texts: Texts) -> OwnUsageLine:
    def named(kind: str, code: str) -> NamedCode:
        return NamedCode(code=code, name=texts.word(kind, code))

    organisation = texts.organisation(row.organisation, organisations.get(row.organisation))
    data = dict.fromkeys(TOLD_AS.get(each, each) for each in row.data)
    return OwnUsageLine(
        occurred_at=row.occurred_at,
        organisation=NamedCode(code=row.organisation, name=organisation),
        role=named("roles", row.role),
        act=named("acts", row.act),
        data=tuple(named("data", each) for each in data),
        purpose=row.purpose and named("purposes", row.purpose),
    )

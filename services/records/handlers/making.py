"""Making a document: its owner is asked what stands in it, it is typeset, and kept with the event that tells of it.

Nothing is locked while others are asked: the row is taken for a while, and whoever finds it taken too long makes the
same bytes again. Whoever settles the row first keeps the document.
"""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any

from uuid_utils.compat import uuid7

from contracts.assessment.documents import GetAssessmentForDocument
from contracts.customer.people import GetNameForDocument
from contracts.envelope import Request
from contracts.plan.documents import GetPlanForDocument
from contracts.records.state import DocumentKept
from services.kit.actor import service_actor
from services.kit.background import pause
from services.kit.errors import ProblemReply
from services.kit.telemetry import describe_error, log
from services.kit.tombstones import erased_among
from services.kit.work import Cause, UnitOfWork, Work
from services.records import repository
from services.records.rules import matters
from services.records.rules.assessments import pages_of_assessment
from services.records.rules.matters import Matter
from services.records.rules.pages import Pages
from services.records.rules.plans import pages_of_plan
from services.records.rules.words import words
from services.records.typesetting import typeset

Ask = Callable[[Request[Any]], Awaitable[Any]]
"""Asks an owner in the service's own name; raises ProblemReply, or Unavailable."""
TAKEN_FOR = timedelta(minutes=2)
"""Longer than asking and typesetting take: then whoever took it has died, and it is made anew."""


class Unmade(Exception):
    """A document that never will be made; says by a code why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def make_next(unit_of_work: UnitOfWork, ask: Ask) -> bool:
    """Makes one document and keeps it; False when none waits."""
    cause = str(uuid7())

    def begin() -> Any:
        return unit_of_work.begin(service_actor("records"), Cause(cause, cause))

    async with begin() as work:
        row = await repository.take_next(work, work.now + TAKEN_FOR)
    if row is None:
        return False
    matter = repository.matter_of(row)
    try:
        pages, copies = await _pages(matter, ask)
        pdf = await asyncio.to_thread(typeset, pages, matter.dated_at)
        async with begin() as work:
            await keep(work, matter, pdf, copies)
    except Unmade as reason:
        log.warning("document.unmade", service="records", document_id=str(matter.document_id), reason=reason.code)
        async with begin() as work:
            await repository.settle(work, matter.document_id, reason.code)
    except Exception as failure:
        log.warning(
            "document.waits",
            service="records",
            document_id=str(matter.document_id),
            attempts=row.attempts,
            **describe_error(failure),
        )
        async with begin() as work:
            await repository.postpone(work, matter.document_id, work.now + pause(row.attempts))
    return True


async def _pages(matter: Matter, ask: Ask) -> tuple[Pages, tuple[Matter, ...]]:
    """What stands in the document, and copies that are wanted too, as only its owner could tell."""
    if not {matter.language, matter.approved_in} <= words().keys():
        raise Unmade("no-words-in-language")
    try:
        whom = (matter.customer_id, *matter.members)
        people = {each: await ask(GetNameForDocument(customer_id=each)) for each in whom}
        if matter.kind == "plan":
            plan = await ask(GetPlanForDocument(plan_id=matter.matter_id, edition=matter.edition))
            if plan.offered_at != matter.dated_at:
                raise Unmade("offered-anew")
            return pages_of_plan(matter, plan, people), ()
        assessment = await ask(GetAssessmentForDocument(assessment_id=matter.matter_id))
        pages = pages_of_assessment(matter, assessment, people[matter.customer_id])
        return pages, tuple(matters.copies_of_assessment(matter, assessment))
    except ProblemReply as failure:
        if code := matters.final_code(failure.problem()):
            raise Unmade(code) from None
        raise


async def keep(work: Work, matter: Matter, pdf: bytes, copies: Iterable[Matter] = ()) -> None:
    """Keeps the document with its event; nothing when it was settled, or anybody it is about was erased, meanwhile."""
    people = (matter.customer_id, *matter.members)
    if await erased_among(work.connection, work.backbone, people):
        return
    wanted = await repository.settle(work, matter.document_id)
    if wanted is None:
        return
    for each in copies:
        await repository.want(work, each)
    sha256 = hashlib.sha256(pdf).hexdigest()
    content = base64.b64encode(pdf).decode()
    matter = await repository.keep(work, wanted, sha256=sha256, size=len(pdf), content=content)
    await work.publish(
        DocumentKept(
            document_id=matter.document_id,
            customer_id=matter.customer_id,
            members=matter.members,
            municipality=matter.municipality,
            kind=matter.kind,
            matter_id=matter.matter_id,
            edition=matter.edition,
            language=matter.language,
            is_copy=matter.is_copy,
            sha256=sha256,
            size=len(pdf),
            kept_at=work.now,
        ),
        legal_basis="906/2019 19 §",
    )

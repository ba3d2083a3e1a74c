"""Clarifying measures whose provider has a program of its own."""

import json
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from contracts.assessment.measures import CancelMeasure, MeasureVersion
from contracts.assessment.measures_for_partners import GetMeasureForPartner, PartnerMeasure, ReportMeasureForPartner
from contracts.assessment.versions import AssessmentVersion
from services.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.assessment.participations import PARTNERS
from tests.assessment.support import TODAY, Desk, broken, changed, dropping, ordering, relationships, reporting

pytestmark = pytest.mark.database
SCHOOL = "0245437-2"


async def ordered(desk: Desk, customer_id: UUID) -> MeasureVersion:
    """A measure ordered from a language school."""
    known = await desk.under_way(customer_id)
    return await desk.act(ordering(known, provider="third_party", organisation=SCHOOL, instructions="Speaking too."))


async def of_school(desk: Desk, known: MeasureVersion, partner: str = SCHOOL) -> PartnerMeasure:
    """The order as its provider's program sees it."""
    return await desk.act(GetMeasureForPartner(partner=partner, measure_id=known.measure_id), PARTNERS)


def report(known: MeasureVersion, partner: str = SCHOOL) -> ReportMeasureForPartner:
    """The report of the provider's program."""
    told = reporting(known).report
    return ReportMeasureForPartner(partner=partner, measure_id=known.measure_id, report=told)


async def test_the_provider_sees_what_is_to_be_done_of_whom_until_it_is_done(desk: Desk, customer_id: UUID) -> None:
    known = await ordered(desk, customer_id)
    order = await of_school(desk, known)
    assert (order.measure, order.instructions, order.due_on) == ("language_level", "Speaking too.", TODAY)
    assert (order.version, order.customer_id) == (1, customer_id)
    await desk.act(report(known), PARTNERS)
    after = await of_school(desk, known)
    assert (after.version, after.state, after.customer_id, after.instructions) == (2, "reported", None, None)


async def test_the_report_says_whose_program_brought_it(desk: Desk, customer_id: UUID) -> None:
    known = await ordered(desk, customer_id)
    await desk.act(report(known), PARTNERS)
    [(state, organisation, by)] = await desk.rows("SELECT state, organisation, settled_by FROM measure")
    assert (state, organisation, by) == ("reported", SCHOOL, "integration")


async def test_another_organisation_finds_no_such_order_and_no_person_reports_in_its_name(
    desk: Desk, customer_id: UUID
) -> None:
    known = await ordered(desk, customer_id)
    with pytest.raises(NotFound):
        await of_school(desk, known, "0116300-6")
    with pytest.raises(NotFound):
        await desk.act(report(known, "0116300-6"), PARTNERS)
    with pytest.raises(Forbidden):
        await desk.act(report(known))


async def test_what_was_cancelled_is_not_reported_any_more(desk: Desk, customer_id: UUID) -> None:
    known = await ordered(desk, customer_id)
    await desk.act(CancelMeasure(measure_id=known.measure_id, reason="The interview told it."))
    with pytest.raises(Conflict):
        await desk.act(report(known), PARTNERS)
    assert (await of_school(desk, known)).state == "cancelled"


async def states(desk: Desk) -> list[str]:
    """The states of measures that others heard, in order."""
    query = "SELECT data->>'state' FROM outbox WHERE type = 'assessment.measure_changed.v1' ORDER BY position"
    return [state for (state,) in await desk.rows(query)]


async def test_what_is_to_be_done_is_recalled_when_the_assessment_is_dropped(desk: Desk, customer_id: UUID) -> None:
    known = await ordered(desk, customer_id)
    [(assessment_id, version)] = await desk.assessments("assessment_id, version")
    await desk.act(dropping(AssessmentVersion(assessment_id=assessment_id, version=version)))
    order = await of_school(desk, known)
    assert (order.state, order.version, order.customer_id) == ("cancelled", 2, None)
    assert await states(desk) == ["ordered", "cancelled"]
    [(by, organisation)] = await desk.rows("SELECT settled_by, organisation FROM measure")
    assert (by, organisation) == ("expert@tampere", "837")


async def test_what_is_to_be_done_is_recalled_when_the_customer_leaves(desk: Desk, customer_id: UUID) -> None:
    known = await ordered(desk, customer_id)
    await desk.learn(changed(customer_id, relationships=relationships(ended=("837",), _091="moved")), 2)
    assert (await of_school(desk, known)).state == "cancelled"
    assert await states(desk) == ["ordered", "cancelled"]


async def test_what_was_reported_is_not_recalled(desk: Desk, customer_id: UUID) -> None:
    known = await ordered(desk, customer_id)
    await desk.act(report(known), PARTNERS)
    await desk.learn(changed(customer_id, relationships=relationships(ended=("837",), _091="moved")), 2)
    assert (await of_school(desk, known)).state == "reported"
    assert await states(desk) == ["ordered", "reported"]


async def test_a_merge_recalls_nothing_for_it_may_be_undone(desk: Desk, customer_id: UUID) -> None:
    known = await ordered(desk, customer_id)
    await desk.learn(changed(customer_id, merged_into=uuid7()), 2)
    [(state,)] = await desk.rows("SELECT state FROM measure")
    assert (state, await states(desk)) == ("ordered", ["ordered"])
    await desk.learn(changed(customer_id), 3)
    assert (await of_school(desk, known)).customer_id == customer_id


async def test_a_report_that_breaks_rules_names_the_fields(desk: Desk, customer_id: UUID) -> None:
    known = await ordered(desk, customer_id)
    told = report(known)
    wrong = told.model_copy(update={"report": told.report.model_copy(update={"found_out_by": "rumour"})})
    with pytest.raises(InvalidInput) as refusal:
        await desk.act(wrong, PARTNERS)
    assert broken(refusal) == [("/report/found_out_by", "code_list")]


async def test_the_provider_is_told_of_nobody_who_is_not_the_municipality_s_customer_any_more(
    desk: Desk, customer_id: UUID
) -> None:
    known = await ordered(desk, customer_id)
    await desk.learn(changed(customer_id, relationships=relationships(ended=("837",), _091="moved")), 2)
    assert (await of_school(desk, known)).customer_id is None


async def test_others_hear_of_orders_from_organisations_and_not_what_is_to_be_found_out(
    desk: Desk, customer_id: UUID
) -> None:
    known = await ordered(desk, customer_id)
    [(assessment_id, version)] = await desk.assessments("assessment_id, version")
    await desk.act(ordering(AssessmentVersion(assessment_id=assessment_id, version=version)))
    await desk.act(report(known), PARTNERS)
    query = "SELECT data::text FROM outbox WHERE type = 'assessment.measure_changed.v1' ORDER BY position"
    told = [json.loads(data) for (data,) in await desk.rows(query)]
    assert [(each["organisation"], each["state"]) for each in told] == [(SCHOOL, "ordered"), (SCHOOL, "reported")]
    assert not any("language_level" in json.dumps(each) for each in told)

"""What the employment authority does in transfers of its own, and what it is shown."""

from uuid_utils.compat import uuid7

from contracts.customer.people import Person
from contracts.customer.transfers import (
    AnswerTransferForPartner,
    GetTransferForPartner,
    PartnerTransfer,
    RequestTransferForPartner,
    TransferVersion,
)
from services.customer.handlers.transfer_acts import act_on, lock, request
from services.customer.repository import families, people
from services.customer.repository import transfers as repository
from services.customer.rules import people as rules_of_people
from services.customer.rules import transfers as rules
from services.kit.clock import helsinki_date
from services.kit.errors import Conflict, InvalidInput, NotFound, check_input
from services.kit.work import Work


async def request_transfer_for_partner(message: RequestTransferForPartner, work: Work) -> TransferVersion:
    """Takes a person from the employment authority: sealed until the municipality accepts."""
    _check_partner(message.partner, work)
    if done := await work.outcome_of_repeat(TransferVersion):
        return done
    today, person = helsinki_date(work.now), message.person
    check_input(
        rules.broken_by_partner(
            message.municipality,
            message.reason,
            person,
            today,
            allow_test_codes=work.settings.allow_test_identity_codes,
        )
    )
    code = person.personal_identity_code
    known = await people.lock_by_identity_code(work, code) if code else None
    customer_id = known.customer_id if known else uuid7()
    if await repository.is_requested(work, await families.ids_of(work, [customer_id]), message.partner):
        raise Conflict("A transfer of the person awaits an answer: withdraw it first.")
    transfer_id = uuid7()
    work.record_use([known.customer_id] if known else [], ["transfer"], relation="none", organisation=message.partner)
    return await request(
        work,
        customer_id,
        transfer_id,
        giver=message.partner,
        receiver=message.municipality,
        requester=message.partner,
        reason=message.reason,
        preview=rules.preview(person, "authority_contact", None, today).model_dump(mode="json"),
        person=work.encryption.encrypt(person.model_dump_json(), transfer_id),
    )


async def answer_transfer_for_partner(message: AnswerTransferForPartner, work: Work) -> TransferVersion:
    """What the employment authority does in a transfer of its own."""
    _check_partner(message.partner, work)
    if done := await work.outcome_of_repeat(TransferVersion):
        return done
    row = await lock(work, message.transfer_id, message.act, message.partner)
    work.record_use([row.customer_id], ["transfer"], relation="none", organisation=message.partner)
    told = message.model_dump(mode="json", include={"responsible", "reason", "text"})
    return await act_on(work, row, message.act, message.partner, **told)


async def get_transfer_for_partner(message: GetTransferForPartner, work: Work) -> PartnerTransfer:
    """A transfer of the employment authority's; the customer's data while it has the customer, having accepted."""
    _check_partner(message.partner, work)
    row = await repository.get(work, message.transfer_id, message.partner)
    transfer = rules.shown(row, message.partner, helsinki_date(work.now))
    person, data = None, {"transfer"}
    if row.state == "accepted" and row.receiver == message.partner:
        customer = await people.get_whole(work, row.customer_id)
        if customer is None:
            raise NotFound("no such transfer")
        ids = (customer.customer_id, *customer.merged)
        if not rules.has_gone_on(customer, row) and not await repository.is_accepted_after(work, ids, row.changed_at):
            person = rules_of_people.shown(customer, work.rights, "none").person
            data |= rules_of_people.shown_data(customer, Person.model_fields, work.rights, "none")
    work.record_use([row.customer_id], data, relation="none", organisation=message.partner)
    return PartnerTransfer(transfer=transfer, person=person)


def _check_partner(partner: str, work: Work) -> None:
    work.rights.refuse_people("transfer")
    if not rules.is_employment_authority(partner, helsinki_date(work.now)):
        raise InvalidInput(errors=[rules.error("/partner", "receiver")])

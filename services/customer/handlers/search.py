"""Looking for people."""

from contracts.customer.search import CustomersFound, FindForEmergency, FindOwnRecord, OwnRecord, SearchCustomers
from services.customer.repository import families
from services.customer.repository import search as repository
from services.customer.rules import people as rules
from services.kit.clock import helsinki_date
from services.kit.errors import Forbidden, check_input
from services.kit.words import words, words_asked
from services.kit.work import Work


async def search_customers(message: SearchCustomers, work: Work) -> CustomersFound:
    """The acting municipality's customers; of another one's, only that a whole identity code is known there."""
    on, allow_test_codes = helsinki_date(work.now), work.settings.allow_test_identity_codes
    check_input(rules.broken_by_searching(message, on, allow_test_codes=allow_test_codes))
    if not work.rights.allows("identity", work.rights.related):
        raise Forbidden("The right does not cover looking for customers.")
    if message.phone and not work.rights.allows("contact", work.rights.related):
        raise Forbidden("The role does not allow looking for a phone number.")
    hits, more = await repository.search(work, message, words(message.name or ""))
    code = message.personal_identity_code
    elsewhere_matters = bool(code) and not hits and work.rights.allows("existence", "foreign")
    known_elsewhere = None
    if code and message.purpose and elsewhere_matters:
        known_elsewhere = await repository.find_elsewhere(work, code)
    if known_elsewhere:
        work.record_use([known_elsewhere], ["existence"], relation="foreign", purpose=message.purpose)
    work.record_use(
        [each.customer_id for each in hits],
        ["identity"],
        relation=work.rights.related,
        found=len(hits),
        sealed=message.model_dump(mode="json", exclude_none=True, exclude={"cursor", "limit"}),
        words=words_asked(
            name=message.name,
            date_of_birth=message.date_of_birth,
            personal_identity_code=message.personal_identity_code,
            phone=message.phone,
        ),
        purpose=message.purpose,
    )
    return CustomersFound(
        hits=hits,
        next_cursor=more,
        known_elsewhere=known_elsewhere is not None,
        purpose_needed=elsewhere_matters and not message.purpose,
    )


async def find_own_record(message: FindOwnRecord, work: Work) -> OwnRecord:
    """The customer who is the person with the code. The gateway asks it for nobody's eyes: no line in the usage log."""
    return OwnRecord(customer_id=await repository.find_owner(work, message.personal_identity_code))


async def find_for_emergency(message: FindForEmergency, work: Work) -> OwnRecord:
    """Whom the emergency is about, whoever's customer."""
    found = await repository.find_owner(work, message.personal_identity_code)
    work.record_use(
        [found] if found else [],
        ["existence"],
        relation="foreign",
        found=int(found is not None),
        sealed=message.model_dump(mode="json"),
        words=[message.personal_identity_code],
        purpose="emergency",
    )
    ids = await families.ids_of(work, [found] if found else [])
    return OwnRecord(customer_id=found if ids.isdisjoint(work.actor.withheld) else None)

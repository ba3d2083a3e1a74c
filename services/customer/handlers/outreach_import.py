"""Imports of lists of people to be reached: rows checked, people found or put on the list, and off it again."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from uuid_utils.compat import uuid7

from contracts.customer.outreach import OutreachRow
from services.customer.law import law_on
from services.customer.repository import outreach as repository
from services.customer.repository.operations import Settled
from services.customer.rules import outreach as rules
from services.kit.clock import helsinki_date
from services.kit.work import Work


async def import_rows(work: Work, operation: Row[Any], rows: Sequence[Row[Any]]) -> list[Settled]:
    """Checks rows, finds out who is who, and puts those on the list who are not there or customers already."""
    on, asked, law = helsinki_date(work.now), operation.asked, law_on(helsinki_date(work.now))
    settled: list[Settled] = []
    named: list[tuple[UUID, rules.Named]] = []
    for row in rows:
        told = OutreachRow.model_validate_json(work.encryption.decrypt(row.content, row.id))
        read, errors = rules.read(
            told,
            asked["source"],
            on,
            law,
            covers_protected=asked["covers_protected"],
            allow_test_codes=work.settings.allow_test_identity_codes,
        )
        if read:
            named.append((row.id, read))
        else:
            settled.append(Settled(row.id, "rejected", errors=tuple(errors)))
    known = await _Known.of(work, operation.municipality, [each for _, each in named])
    for row_id, each in named:
        settled.append(known.place(work, operation, row_id, each))
    if not operation.dry_run:
        await repository.write_targets(work, known.new, known.changed)
    return settled


class _Known:
    """Those of the municipality among whom the people of some rows may be: customers, and those on the list."""

    def __init__(self) -> None:
        self.by_code: dict[bytes, Row[Any]] = {}
        self.born: dict[date, list[tuple[UUID, frozenset[str]]]] = {}
        self._targets: dict[UUID, dict[str, Any]] = {}
        self._codes: dict[UUID, str | None] = {}
        self._of_day: defaultdict[date, list[UUID]] = defaultdict(list)
        self._of_code: dict[str, UUID] = {}
        self._new: set[UUID] = set()
        self._changed: set[UUID] = set()

    @classmethod
    async def of(cls, work: Work, municipality: str, named: Sequence[rules.Named]) -> "_Known":
        """Finds them, and keeps others from adding to the list until the transaction ends."""
        self = cls()
        if not named:
            return self
        await repository.lock_list(work, municipality)
        codes = {each.personal_identity_code for each in named if each.personal_identity_code}
        hashes = [code_hash for code in codes for code_hash in work.encryption.search_hashes(code)]
        days = {each.date_of_birth for each in named}
        self.by_code = await repository.customers_by_code(work, municipality, hashes)
        self.born = await repository.customers_born(work, municipality, days)
        for row in await repository.targets_like(work, municipality, hashes, days):
            self._add(dict(row._mapping), repository.code_of(work, row))
        return self

    @property
    def new(self) -> list[dict[str, Any]]:
        return [self._targets[each] for each in self._new]

    @property
    def changed(self) -> list[dict[str, Any]]:
        return [self._targets[each] for each in sorted(self._changed - self._new)]

    def place(self, work: Work, operation: Row[Any], row_id: UUID, named: rules.Named) -> Settled:
        """What becomes of a row: a customer already, on the list already, or put on it."""
        code = named.personal_identity_code
        hashes = work.encryption.search_hashes(code) if code else []
        customer = next((self.by_code[each] for each in hashes if each in self.by_code), None)
        if customer and customer.open_here:
            return Settled(row_id, "done", "already_customer", customer_id=customer.customer_id)
        ground = {
            "ground": named.ground,
            "source": operation.asked["source"],
            "received_on": operation.asked["received_on"],
            "operation_id": str(operation.operation_id),
        }
        perhaps = customer.customer_id if customer else self._customer_of_names(named)
        if same := self._same(named):
            known = self._targets[same]
            # who is on a protected ground does not exist for the others: not in the counts either
            outcome = "made" if known["protected"] and not operation.asked["covers_protected"] else "joined"
            self._join(same, ground, named, perhaps, work)
            made = None if operation.dry_run else same
            return Settled(row_id, "done", outcome, customer_id=known["customer_id"], made_id=made)
        target_id: UUID = uuid7()
        target = {
            "target_id": target_id,
            "municipality": operation.municipality,
            "customer_id": perhaps,
            "state": rules.NOT_REACHED,
            "family_name": named.family_name,
            "given_name": named.given_name,
            "date_of_birth": named.date_of_birth,
            "personal_identity_code": work.encryption.encrypt(code, target_id) if code else None,
            "personal_identity_code_hash": hashes[0] if hashes else None,
            "contact": named.contact and named.contact.model_dump(mode="json"),
            "service_language": named.service_language,
            "first_permit_on": named.first_permit_on,
            "permit_kind": named.permit_kind,
            "permit_ground": named.permit_ground,
            "grounds": [],
        }
        self._add(target, code)
        self._new.add(target_id)
        self._join(target_id, ground, named, perhaps, work)
        return Settled(row_id, "done", "made", made_id=None if operation.dry_run else target_id)

    def _add(self, target: dict[str, Any], code: str | None) -> None:
        target_id = target["target_id"]
        self._targets[target_id], self._codes[target_id] = target, code
        self._of_day[target["date_of_birth"]].append(target_id)
        if code:
            self._of_code[code] = target_id

    def _same(self, named: rules.Named) -> UUID | None:
        """Who on the list the row names, if anybody."""
        code = named.personal_identity_code
        if code and code in self._of_code:
            return self._of_code[code]
        for target_id in self._of_day[named.date_of_birth]:
            target = self._targets[target_id]
            names = f"{target['family_name']} {target['given_name']}"
            if rules.is_same(named, self._codes[target_id], names, target["date_of_birth"], target["first_permit_on"]):
                return target_id
        return None

    def _customer_of_names(self, named: rules.Named) -> UUID | None:
        """A customer with the same names and day of birth: a person decides whether it is the same."""
        bearers = self.born.get(named.date_of_birth, ())
        return next((customer_id for customer_id, borne in bearers if named.words <= borne), None)

    def _join(
        self, target_id: UUID, ground: dict[str, str], named: rules.Named, perhaps: UUID | None, work: Work
    ) -> None:
        """Adds a ground to somebody, and what was not known."""
        target = self._targets[target_id]
        target["customer_id"] = target["customer_id"] or perhaps
        if ground not in target["grounds"]:
            target["grounds"] = [*target["grounds"], ground]
        code = named.personal_identity_code
        if code and not self._codes[target_id]:
            target["personal_identity_code"] = work.encryption.encrypt(code, target_id)
            target["personal_identity_code_hash"] = work.encryption.search_hash(code)
            self._codes[target_id] = code
            self._of_code[code] = target_id
        told = dict(named) | {"contact": named.contact and named.contact.model_dump(mode="json")}
        for field in ("contact", "service_language", "first_permit_on", "permit_kind", "permit_ground"):
            target[field] = target[field] or told[field]
        target |= _derived(target, helsinki_date(work.now))
        self._changed.add(target_id)


def _derived(target: dict[str, Any], on: date) -> dict[str, Any]:
    """What follows from a target's grounds and first permit."""
    grounds = target["grounds"]
    codes = sorted({each["ground"] for each in grounds})
    times = rules.times(target["first_permit_on"], grounds, law_on(on))
    has_ended = rules.has_ended(target["state"])
    return {
        "ground_codes": codes,
        "protected": rules.is_protected(codes, on),
        "three_years_end_on": times.three_years_end_on,
        "contact_by": min(target["contact_by"], times.contact_by) if has_ended else times.contact_by,
    }


async def undo_rows(work: Work, operation: Row[Any], rows: Sequence[Row[Any]]) -> list[Settled]:
    """Takes people off the list again, as far as this import put them there and nobody has acted on them."""
    made = {row.made_id for row in rows if row.made_id}
    targets = {each: dict(row._mapping) for each, row in (await repository.lock_targets(work, made)).items()}
    gone = await repository.undone_by(work, operation.operation_id, made)
    forgotten, changed, settled = set[UUID](), dict[UUID, dict[str, Any]](), list[Settled]()
    for row in rows:
        target = targets.get(row.made_id)
        is_undone = row.made_id is None or row.made_id in gone | forgotten
        if target and row.made_id not in forgotten and not target["attempts"]:
            target["grounds"] = [
                each for each in target["grounds"] if each["operation_id"] != str(operation.operation_id)
            ]
            if target["grounds"]:
                target |= _derived(target, helsinki_date(work.now))
                changed[row.made_id] = target
            else:
                forgotten.add(row.made_id)
                changed.pop(row.made_id, None)
            is_undone = True
        state = "undone" if is_undone else "stayed"
        settled.append(Settled(row.id, state, made_id=row.made_id, customer_id=row.customer_id))
    await repository.forget(work, forgotten)
    await repository.write_targets(work, [], list(changed.values()))
    return settled

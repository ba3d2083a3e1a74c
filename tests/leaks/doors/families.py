"""Ways to families, and to two records of one person."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

from contracts.customer.duplicates import (
    DecideDuplicate,
    FindDuplicates,
    ListSuspectedDuplicates,
    MergeCustomers,
    UndoMerge,
)
from contracts.customer.families import (
    ChangeFamilyRelation,
    EndFamilyRelation,
    FamilyRelationChanges,
    GetFamily,
    RecordFamilyRelation,
    Relative,
)
from contracts.envelope import Request
from contracts.types import PersonName
from tests.leaks.doors.door import Door
from tests.leaks.people import Planted


def _stranger(**more: Any) -> Request[Any]:
    name = {"family": "Esimerkki", "given": "Aamu"}
    return FindDuplicates.model_validate({"name": name, "date_of_birth": date(1900, 3, 4), **more})


def _duplicates(more: Callable[[Planted], dict[str, Any]]) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        given, family = planted.name.split()
        told = {"name": {"family": family, "given": given}, "date_of_birth": planted.day} | more(planted)
        return FindDuplicates.model_validate(told)

    return ask


def _change_relation(to: dict[str, Any]) -> Callable[[Planted], Request[Any]]:
    changes = FamilyRelationChanges.model_validate(to)
    return lambda it: ChangeFamilyRelation(relation_id=it.relation_id, expected_version=1, changes=changes)


_SOMEBODY = Relative(name=PersonName(family="Esimerkki", given="Ilta"))


DOORS = (
    Door("find duplicates by name", FindDuplicates, _duplicates(lambda _: {})),
    Door(
        "find duplicates by phone",
        FindDuplicates,
        lambda it: _stranger(phone=it.phone),
        ("contact",),
        is_partial=True,  # a number alone makes nobody a candidate
    ),
    Door("find duplicates by code", FindDuplicates, _duplicates(lambda it: {"personal_identity_code": it.code})),
    Door("suspected duplicates", ListSuspectedDuplicates, lambda _: ListSuspectedDuplicates(), is_partial=True),
    Door(
        "decide a pair",
        DecideDuplicate,
        lambda _: DecideDuplicate(pair_id=uuid4(), decision="not_same_person", why="Two sisters"),
        refuses=True,  # there is no such pair
    ),
    Door(
        "merge",
        MergeCustomers,
        lambda it: MergeCustomers(
            customer_id=it.customer_id,
            expected_version=it.version,
            duplicate_id=it.customer_id,
            duplicate_version=it.version,
            why="The same card",
        ),
        refuses=True,  # it is one record already
    ),
    Door(
        "undo a merge",
        UndoMerge,
        lambda _: UndoMerge(merge_id=uuid4(), why="Two sisters"),
        refuses=True,  # there is no such merge
    ),
    Door(
        "family",
        GetFamily,
        lambda it: GetFamily(customer_id=it.customer_id),
        is_partial=True,  # its valid_until is a relation's, and no permit's
    ),
    Door(
        "record a relative",
        RecordFamilyRelation,
        lambda it: RecordFamilyRelation(customer_id=it.customer_id, kind="other", relative=_SOMEBODY),
    ),
    Door(
        "join a household",
        RecordFamilyRelation,
        lambda it: RecordFamilyRelation(customer_id=uuid4(), kind="other", relative_id=it.customer_id),
        refuses=True,  # of nobody who is there
    ),
    Door("change a relation", ChangeFamilyRelation, _change_relation({"same_household": True})),
    Door(
        "change who a relative is",
        ChangeFamilyRelation,
        _change_relation({"relative": _SOMEBODY}),
        fields=("contact",),  # protected as they are
    ),
    Door(
        "end a relation",
        EndFamilyRelation,
        lambda it: EndFamilyRelation(relation_id=it.relation_id, expected_version=1),
    ),
)

"""The border between municipalities inside the database: row-level security, generated from the tables.

A table says in `info={"border": "<condition>"}` which of its rows are within the border, as SQL in which HERE is the
municipality: a query that forgets to ask for it does not find the others' rows all the same. Each transaction says
which one that is, or that it stands beyond all borders; one that says nothing sees no row. The tables' owner is not
held by it: migrations, and operators' commands.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import MetaData, Table, bindparam, func, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

HERE = "current_setting('koto.municipality', true)"
"""The municipality within whose border the transaction stands."""
OPENED = "string_to_array(current_setting('koto.opened', true), ',')::uuid[]"
"""The customers whom the actor has opened by emergency access, whoever's they are."""
BEYOND = "*"
"""In its place: beyond all borders."""
_POLICY = "municipality_border"
_STAND = select(
    func.set_config("koto.municipality", bindparam("municipality"), True),
    func.set_config("koto.opened", bindparam("opened"), True),
)


async def stand_within(connection: AsyncConnection, municipality: str, opened: Iterable[UUID] = ()) -> None:
    """From here to its end the transaction stands within the border of this municipality; BEYOND: of none."""
    await connection.execute(_STAND, {"municipality": municipality, "opened": ",".join(map(str, opened))})


def has_border(metadata: MetaData) -> bool:
    """Whether any table has rows that belong to municipalities."""
    return any("border" in table.info for table in metadata.tables.values())


def draw(table: str, condition: str) -> Iterable[str]:
    """The statements of a migration that draw the border through a table, in place of an older one."""
    yield f'DROP POLICY IF EXISTS {_POLICY} ON "{table}"'
    yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
    yield f"CREATE POLICY {_POLICY} ON \"{table}\" USING ({HERE} = '{BEYOND}' OR ({condition}))"


def differences(connection: Connection, metadata: MetaData) -> list[str]:
    """What borders the tables in the code have that the migrated database has not, and the other way round."""
    return [
        f"the border of {table.name}"
        for table in metadata.sorted_tables
        if _drawn(connection, table.name) != _expected(connection, table)
    ]


def _drawn(connection: Connection, table: str) -> list[tuple[object, ...]]:
    """The table's policies as PostgreSQL spells them, and whether they are in force."""
    found = connection.execute(
        text(
            "SELECT polname, relrowsecurity, polcmd, polpermissive, polroles,"
            " pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)"
            " FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid"
            " WHERE polrelid = to_regclass(:table) ORDER BY polname"
        ),
        {"table": table},
    )
    return [tuple(row) for row in found]


def _expected(connection: Connection, table: Table) -> list[tuple[object, ...]]:
    """The same of the border in the code, drawn for a moment and taken back."""
    if "border" not in table.info:
        return []
    with connection.begin_nested() as moment:
        for policy, *_ in _drawn(connection, table.name):
            connection.execute(text(f'DROP POLICY "{policy}" ON "{table.name}"'))
        for statement in draw(table.name, table.info["border"]):
            connection.execute(text(statement))
        expected = _drawn(connection, table.name)
        moment.rollback()
    return expected

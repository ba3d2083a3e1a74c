"""The statements that a service sends, recorded while it works: a baseline runs the very same, whatever they become."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True)
class Statement:
    """One statement and the values that it was sent with."""

    text: str
    values: tuple[Any, ...]
    alone: bool
    """Whether it was sent outside a transaction."""

    def values_with(self, replaced: dict[Any, Any]) -> list[Any]:
        """The values, those of the sample replaced by others; in lists too."""

        def other(value: Any) -> Any:
            return [other(each) for each in value] if isinstance(value, list) else replaced.get(value, value)

        return [other(value) for value in self.values]


async def record(engine: AsyncEngine, act: Callable[[], Awaitable[Any]]) -> list[Statement]:
    """What the engine was told while the act was done, but for the transaction's begin and end."""
    statements: list[Statement] = []

    def note(connection: Any, _cursor: Any, text: str, values: Any, _context: Any, many: bool) -> None:
        alone = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
        statements.extend(Statement(text, tuple(each), alone) for each in (values if many else [values]))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        await act()
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
    return statements

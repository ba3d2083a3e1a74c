"""Who may look beyond the border between municipalities: named here, so that nobody begins to by the way."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEYOND = {
    "services/customer/handlers/households.py": {"lock"},
    "services/customer/handlers/contacts.py": {"_pass_on"},
    "services/customer/handlers/people.py": {"open_relationship"},
    "services/customer/handlers/working.py": {"_tell"},
    "services/customer/handlers/transfers.py": {"ask_for_transfer"},
    "services/customer/repository/people.py": {"lock"},
    "services/customer/repository/search.py": {"find_elsewhere", "find_owner"},
    "services/customer/repository/transfers.py": {"lock_both"},
    "services/plan/handlers/counting.py": {"lock_with_others"},
    "services/plan/handlers/due_dates.py": {"facts_changed", "get_customer_due_dates"},
    "services/plan/repository/known.py": {"_of_person"},
    "services/plan/handlers/referrals.py": {"refer_to_service"},
}


def test_only_those_named_here_step_beyond_the_border() -> None:
    found: dict[str, set[str]] = {}
    for path in (ROOT / "services").glob("*/**/*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.AsyncFunctionDef) and _steps_beyond(function):
                found.setdefault(str(path.relative_to(ROOT)), set()).add(function.name)
    assert found == BEYOND


def _steps_beyond(function: ast.AsyncFunctionDef) -> bool:
    called = (each.func for each in ast.walk(function) if isinstance(each, ast.Call))
    return any(isinstance(each, ast.Attribute) and each.attr == "beyond_the_border" for each in called)

"""Pages of every list of the customer service: what they show besides customers, and the ways of looking at them."""

from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from tests.bench.house import House
from tests.bench.measured import Figure, Spread

AIM = 1.5
_FILL = Path(__file__).with_name("lists.sql")
_WAYS: dict[str, dict[str, str]] = {
    "customers": {
        "by name": "/customers",
        "by name, the next page": "/customers?cursor={cursor}",
        "newest first": "/customers?sort=newest",
        "of a language": "/customers?language=ar",
        "of a rare language": "/customers?language=ti",
        "of a rare language, newest first": "/customers?language=ti&sort=newest",
        "of an arrival": "/customers?arrival=directed",
        "of an arrival and a language": "/customers?arrival=directed&language=ar",
        "of those whom nobody has": "/customers?responsible=none",
        "of the own": "/customers?responsible=me",
    },
    "outreach": {
        "all": "/outreach/targets",
        "in a state": "/outreach/targets?state=no_answer",
        "on a ground": "/outreach/targets?ground=home_care_allowance",
        "on a rare ground": "/outreach/targets?ground=integration_act_group",
    },
    "contacts": {"open": "/contacts", "closed": "/contacts?state=closed", "none": "/contacts?state=attached"},
    "transfers": {
        "all": "/transfers",
        "asked of one": "/transfers?direction=in",
        "awaiting an answer": "/transfers?state=requested",
        "none": "/transfers?direction=out&state=withdrawn",
    },
    "duplicates": {"all": "/duplicates"},
}
LISTS = tuple(_WAYS)


async def fill(url: str) -> None:
    """Makes the rows of the lists other than the customers', in a database that has only those."""
    owner = await asyncpg.connect(url)
    await owner.execute(_FILL.read_text())
    await owner.close()


async def pages(house: House, user: str) -> tuple[list[list[dict[str, Any]]], dict[str, int]]:
    """For each list a request for a page in each way; and how many rows each page shows, by label: `list: way`."""
    headers, root = await house.headers(user), "/api/v1"
    shown: dict[str, int] = {}
    requests = []
    async with aiohttp.ClientSession(house.stack.gateway_url, headers=headers, raise_for_status=True) as session:
        async with session.get(f"{root}/customers?limit=10") as answer:
            cursor = (await answer.json())["next_cursor"]
        for name, ways in _WAYS.items():
            requests.append(of_list := list[dict[str, Any]]())
            for way, path in ways.items():
                if "{cursor}" in path and not cursor:
                    continue
                label, path = f"{name}: {way}", root + path.format(cursor=cursor)
                async with session.get(path) as answer:
                    shown[label] = max(len(each) for each in (await answer.json()).values() if isinstance(each, list))
                of_list.append({"label": label, "method": "GET", "path": path, "headers": headers})
    return requests, shown


def growth(name: str, where: str, few: Spread, many: Spread) -> Figure:
    """The figure of one list."""
    grown = many.over(few)
    return Figure(
        f"p95 of a page of the list of {name} as an expert of {where}, many against few customers",
        f"at most {AIM} times",
        f"{grown:.2f} times",
        grown.median <= AIM,
    )

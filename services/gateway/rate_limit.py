"""How often somebody may ask."""

import math
import time

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from services.gateway.problems import TooManyRequests


class RateLimit:
    """A limit such as `1200/minute`, counted in this process for each name apart; ValueError when it is none."""

    def __init__(self, rate: str) -> None:
        self._rate = parse(rate)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def count(self, name: str) -> None:
        """Counts one more; raises TooManyRequests when that is too many."""
        if not await self._limiter.hit(self._rate, name):
            window = await self._limiter.get_window_stats(self._rate, name)
            raise TooManyRequests(retry_after=max(1, math.ceil(window.reset_time - time.time())))

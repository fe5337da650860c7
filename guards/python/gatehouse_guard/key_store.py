"""Fetches the keys of the auth service: at the start, every five minutes, and for unknown names at most twice a minute."""

import asyncio
import json
import logging
import random
import time

from .http_client import HttpError, send
from .keys import Key, keys_of, merge
from .problems import Problem

COOL_DOWN_S = 30
REFRESH_S = 300
TIMEOUT_S = 5
log = logging.getLogger("gatehouse_guard")


class KeyStore:
    """The keys by name. One fetch runs at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, Key] = {}
        self._started_at = float("-inf")
        self._failed = False
        self._pending: asyncio.Task | None = None

    async def find(self, kid: str) -> Key:
        """Raises Problem."""
        key = self._keys.get(kid)
        if key is None and (self._pending is not None or time.monotonic() - self._started_at >= COOL_DOWN_S):
            await self.fetch()
            key = self._keys.get(kid)
        if key is None:
            # The key may exist although the fetch failed, so the answer is 503 and not 401.
            raise Problem("unavailable" if self._failed else "token-invalid", "an unknown key")
        return key

    async def fetch(self) -> None:
        if self._pending is None:
            self._pending = asyncio.ensure_future(self._fetch())
        await asyncio.shield(self._pending)

    async def run(self) -> None:
        """Refreshes until it is cancelled."""
        failures = 0
        while True:
            await self.fetch()
            failures = failures + 1 if self._failed else 0
            pause = min(5, 0.125 * 2 ** min(failures, 16)) if failures else REFRESH_S
            await asyncio.sleep(pause * random.uniform(0.9, 1.1))

    async def _fetch(self) -> None:
        self._started_at = time.monotonic()
        try:
            status, body = await asyncio.wait_for(send(self._url), TIMEOUT_S)
            if status != 200:
                raise ValueError(f"status {status}")
            self._keys = merge(self._keys, keys_of(json.loads(body)))
            self._failed = False
        except (OSError, ValueError, HttpError, asyncio.TimeoutError) as error:
            self._failed = True
            log.warning("fetching the keys failed: %s", error)
        finally:
            self._pending = None

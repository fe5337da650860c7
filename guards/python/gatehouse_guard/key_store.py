"""The keys that the feed announces and withdraws, before those of the JWK Set.

The JWK Set is fetched at the start, every five minutes, and for unknown names at most twice a minute.
"""

import asyncio
import json
import logging
import random
import time
from typing import Callable

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
        self._announced: dict[str, Key] = {}
        self._withdrawn: frozenset[str] = frozenset()
        self._started_at = float("-inf")
        self._failed = False
        self._pending: asyncio.Task | None = None

    async def find(self, kid: str, has_lease: Callable[[], bool]) -> Key:
        """Raises Problem."""
        key = self.known(kid)
        is_due = self._pending is not None or time.monotonic() - self._started_at >= COOL_DOWN_S
        if key is None and kid not in self._withdrawn and is_due:
            await self.fetch()
            key = self.known(kid)
        # The withdrawal can have been applied during the fetch.
        if kid in self._withdrawn:
            raise Problem("token-invalid", "its key was withdrawn")
        if key is None:
            # The key may exist although the fetch failed, so the answer is 503 and not 401.
            if self._failed:
                raise Problem("unavailable", "an unknown key")
            # Without a lease, the feed may have announced the key since.
            raise Problem("token-invalid" if has_lease() else "revocation-unknown", "an unknown key")
        return key

    def apply(self, entries: dict[str, dict], is_complete: bool) -> None:
        """Follows the feed. `entries` has the last entry of each key; not all of them before the last page.

        Call it before the entries are acknowledged.
        """
        self._withdrawn = frozenset(kid for kid, entry in entries.items() if entry["effect"] == "withdrawn")
        for kid, entry in entries.items():
            if kid not in self._announced and kid not in self._withdrawn:
                self._announced.update(keys_of({"keys": [entry["key"]]}))
        for kid in list(self._announced):
            # Another feed does not know the key. Until its last page, nothing says so.
            if kid in self._withdrawn or (is_complete and kid not in entries):
                self._announced.pop(kid).is_withdrawn = True

    def is_withdrawn(self, key: Key) -> bool:
        """The key was withdrawn over the feed, or is no longer in the JWK Set."""
        return key.is_withdrawn or key.kid in self._withdrawn

    def publish(self, keys: dict[str, Key]) -> None:
        """Replaces the keys of the JWK Set."""
        self._keys = merge(self._keys, keys)

    def known(self, kid: str) -> Key | None:
        """The key, unless it is withdrawn or must be fetched."""
        return None if kid in self._withdrawn else self._announced.get(kid) or self._keys.get(kid)

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
            status, _, body = await asyncio.wait_for(send(self._url), TIMEOUT_S)
            if status != 200:
                raise ValueError(f"status {status}")
            self.publish(keys_of(json.loads(body)))
            self._failed = False
        except (OSError, ValueError, HttpError, asyncio.TimeoutError) as error:
            self._failed = True
            log.warning("fetching the keys failed: %s", error)
        finally:
            self._pending = None

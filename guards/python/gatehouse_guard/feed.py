"""Follows the feed: sends a poll, applies the response, and acknowledges it with the next poll."""

import asyncio
import base64
import json
import logging
import random
import time
import uuid
from typing import Callable
from urllib.parse import quote

from .follower import Follower, Instant
from .http_client import HttpError, send
from .messages import parse_response

AFTER_REJECTION_S = 5
EARLY_MS = 20
MAX_EARLY = 3
log = logging.getLogger("gatehouse_guard")


def clocks() -> Instant:
    """Both clocks of the host."""
    return Instant(time.monotonic() * 1000, time.time() * 1000)


class Feed:
    """One poll is pending at a time. `follower` changes when the guard starts again."""

    def __init__(self, settings, on_applied: Callable[[dict], None]) -> None:
        self._settings = settings
        self._on_applied = on_applied
        self._replica = random.randrange(len(settings.auth_urls))
        self._failures = 0
        self._early = 0
        self._restart()

    async def run(self) -> None:
        """Polls until it is cancelled."""
        while True:
            await asyncio.sleep(await self._poll_once())

    async def leave(self) -> None:
        """Deletes the guard's row, so that no revocation waits for it."""
        body = json.dumps({"guard": self._guard}).encode()
        # From now on revocations do not wait for this guard, so it ends its lease.
        self.follower = Follower()
        for _ in self._settings.auth_urls:
            try:
                status, _, _ = await asyncio.wait_for(send(f"{self._url()}/guards/leave", "POST", self._headers(), body), 1)
                if status < 300:
                    return
            except (OSError, HttpError, asyncio.TimeoutError):
                pass
            self._replica += 1

    async def _poll_once(self) -> float:
        """Returns the pause before the next poll, in seconds."""
        settings, follower = self._settings, self.follower
        # Both clocks are read before the poll is sent: the lease counts from here.
        members = follower.begin_poll(clocks())
        sent_at = follower.pending
        request = {"guard": self._guard, "name": settings.name, "version": settings.version, **members}
        poll_id = str(uuid.uuid4())
        headers = {**self._headers(), "poll-id": poll_id}
        try:
            status, fields, text = await asyncio.wait_for(
                send(f"{self._url()}/guards/poll", "POST", headers, json.dumps(request).encode()),
                settings.poll_timeout_ms / 1000,
            )
            received_at_ms = clocks().now_ms
            # An auth service of release 0.1.0 repeats no id.
            if fields.get("poll-id", poll_id) != poll_id:
                raise HttpError("the response belongs to another request")
            if status == 200:
                return self._apply(parse_response(text), sent_at, received_at_ms)
        except (OSError, ValueError, HttpError, asyncio.TimeoutError) as error:
            log.warning("a poll of the feed failed: %r", error)
            return self._fail()
        if status == 401:
            return self._reject("the feed refuses the service client: check its id and secret")
        if status == 409:
            self._restart()
            return self._pause(self._failures)
        log.warning("the feed answered %d", status)
        return self._fail()

    def _apply(self, response: dict, sent_at: Instant, received_at_ms: float) -> float:
        settings = self._settings
        if response["maxToleranceMs"] < settings.tolerance_ms:
            return self._reject(f"the clock tolerance must not exceed {response['maxToleranceMs']} ms")
        if response.get("issuer", settings.issuer) != settings.issuer:
            return self._reject(f"the auth service has the issuer {response['issuer']!r}")
        result = self.follower.apply(response, sent_at, received_at_ms)
        self._failures = 0
        if result == "restart":
            self._restart()
            return 0
        # Keys change and streams are closed before the next poll, which acknowledges the entries.
        self._on_applied(response)
        is_early = not response["entries"] and received_at_ms - sent_at.now_ms < EARLY_MS
        self._early = self._early + 1 if is_early else 0
        return random.uniform(0.05, 0.1) if self._early > MAX_EARLY else 0

    def _restart(self) -> None:
        self.follower = Follower()
        self._guard = str(uuid.uuid4())

    def _reject(self, message: str) -> float:
        self.follower.abandon()
        log.error(message)
        return AFTER_REJECTION_S

    def _fail(self) -> float:
        self.follower.abandon()
        self._replica += 1
        self._failures += 1
        return self._pause(self._failures - 1)

    def _pause(self, failures: int) -> float:
        """Each replica is tried once before the pause grows."""
        replicas = len(self._settings.auth_urls)
        if failures < replicas:
            return 0.05 * random.random()
        limit = min(2, 0.05 * 2 ** min(failures - replicas, 16))
        return random.uniform(limit / 2, limit)

    def _url(self) -> str:
        return self._settings.auth_urls[self._replica % len(self._settings.auth_urls)].rstrip("/")

    def _headers(self) -> dict[str, str]:
        # RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
        pair = ":".join(quote(part, safe="") for part in (self._settings.client_id, self._settings.client_secret))
        token = base64.b64encode(pair.encode()).decode()
        return {"authorization": f"Basic {token}", "content-type": "application/json", "accept": "application/json"}

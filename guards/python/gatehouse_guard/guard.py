"""The guard of one process: follows the feed, verifies tokens, and decides from memory."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Callable

from .feed import Feed, clocks
from .follower import Index, decide
from .key_store import KeyStore
from .keys import Key
from .problems import OF_EFFECT, Problem
from .rule import Rule
from .streams import Streams
from .tokens import Caller, bearer_token, caller_of, check_times, claims_of, parse

TICK_S = 0.25


@dataclass(frozen=True)
class Settings:
    """The configuration of a guard. Times in milliseconds."""

    issuer: str
    audience: str
    client_id: str
    client_secret: str
    auth_urls: tuple[str, ...] = ()
    jwks_url: str = ""
    name: str = "python"
    version: str = "0"
    tolerance_ms: float = 5000
    poll_timeout_ms: float = 8000
    cache_size: int = 10_000
    max_streams: int = 10_000

    def __post_init__(self) -> None:
        for name in ("issuer", "audience", "client_id", "client_secret"):
            if not getattr(self, name):
                raise ValueError(f"{name} is required")
        if not self.auth_urls:
            object.__setattr__(self, "auth_urls", (self.issuer,))
        if not self.jwks_url:
            object.__setattr__(self, "jwks_url", f"{self.issuer.rstrip('/')}/.well-known/jwks.json")


@dataclass
class Verified:
    """A token whose signature and claims are valid. Time and revocation are checked for every request."""

    caller: Caller
    key: Key = field(repr=False)


class Guard:
    """Start it in the event loop that serves requests."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._streams = Streams()
        self._feed = Feed(settings, self._follow)
        self._keys = KeyStore(settings.jwks_url)
        self._cache: OrderedDict[str, Verified] = OrderedDict()
        self._tasks: list[asyncio.Task] = []

    def start(self) -> None:
        """Further calls have no effect."""
        if not self._tasks:
            self._tasks = [asyncio.ensure_future(run()) for run in (self._feed.run, self._keys.run, self._watch)]

    async def stop(self) -> None:
        """Leaves the feed. Call it after the last request."""
        self._streams.close_where(lambda _verified, _on_unknown: "shutdown")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._feed.leave()

    def is_ready(self) -> bool:
        """Whether the guard holds a lease."""
        return self._feed.follower.has_lease(clocks())

    async def authorize(self, fields: list[str], query: bytes, rule: Rule) -> Verified:
        """Decides at the headers. `fields` are the values of Authorization. Raises Problem."""
        token = bearer_token(fields, query)
        verified = self._cache.get(token) or await self._verify(token)
        self.decide(verified, rule)
        return verified

    def decide(self, verified: Verified, rule: Rule) -> None:
        """Decides for a verified token, without a network call. Raises Problem."""
        follower, now = self._feed.follower, clocks()
        claims = verified.caller.claims
        if self._keys.is_withdrawn(verified.key):
            raise Problem("token-invalid", "its key was withdrawn")
        check_times(claims, follower.time_at(now.now_ms), self.settings.tolerance_ms, follower.has_lease(now))
        result = decide(follower, claims, now, rule.on_unknown)
        if result == "unknown":
            raise Problem("revocation-unknown", "no lease")
        if result != "pass":
            raise Problem(OF_EFFECT[result], "a revocation")
        if not rule.is_met_by(verified.caller.scopes, verified.caller.roles):
            raise Problem("insufficient-scope", "a scope or role is missing", rule.scope)

    def track(self, verified: Verified, rule: Rule, close: Callable[[str], None]) -> Callable[[], None]:
        """Decides once more, then tracks a stream. Returns a function that releases it. Raises Problem."""
        self.decide(verified, rule)
        if len(self._streams) >= self.settings.max_streams:
            raise Problem("unavailable", "too many open streams")
        return self._streams.track(verified, rule.on_unknown, close)

    async def _verify(self, token: str) -> Verified:
        parsed = parse(token)
        key = await self._keys.find(parsed.kid, self.is_ready)
        verified = Verified(caller_of(claims_of(parsed, key, self.settings.issuer, self.settings.audience)), key)
        time_ms = self._feed.follower.time_at(clocks().now_ms)
        is_expired = time_ms is not None and time_ms >= verified.caller.claims["exp"] * 1000 + self.settings.tolerance_ms
        if not is_expired:
            self._cache[token] = verified
            if len(self._cache) > self.settings.cache_size:
                self._cache.popitem(last=False)
        return verified

    def _follow(self, response: dict) -> None:
        """Acts on an applied response, before the guard acknowledges it."""
        index = self._feed.follower.index
        self._keys.apply(index.keys, is_complete=not response["more"])
        if not response["entries"]:
            return
        if any(entry["effect"] == "withdrawn" for entry in response["entries"]):
            cached = self._cache.items()
            self._cache = OrderedDict((token, item) for token, item in cached if not self._keys.is_withdrawn(item.key))
        self._streams.close_where(lambda verified, _on_unknown: self._reason_to_close(verified, index))

    def _reason_to_close(self, verified: Verified, index: Index) -> str | None:
        if self._keys.is_withdrawn(verified.key):
            return "token-invalid"
        return OF_EFFECT.get(index.lookup(verified.caller.claims) or "")

    async def _watch(self) -> None:
        """Removes expired entries, and closes streams whose token has expired or whose lease has ended."""
        while True:
            follower, now = self._feed.follower, clocks()
            time_ms = follower.time_at(now.now_ms)
            if time_ms is not None:
                expired_at_ms = time_ms - self.settings.tolerance_ms
                follower.index.remove_expired(expired_at_ms)
                self._streams.close_where(
                    lambda verified, _: "token-expired" if verified.caller.claims["exp"] * 1000 <= expired_at_ms else None
                )
            if not follower.has_lease(now):
                self._streams.close_where(lambda _, on_unknown: None if on_unknown == "allow" else "revocation-unknown")
            await asyncio.sleep(TICK_S)

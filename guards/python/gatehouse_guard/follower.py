"""The state of a guard: entries, lease and the time of the feed, as pure functions of the clocks."""

from dataclasses import dataclass, field
from math import inf


@dataclass(frozen=True)
class Instant:
    """Both clocks of the host at one instant, in milliseconds."""

    now_ms: float
    wall_ms: float


class Index:
    """The unexpired revocations: which tokens do they cover? It also holds the keys of the feed."""

    def __init__(self) -> None:
        self.sessions: dict[str, tuple[str, int]] = {}
        self.users: dict[str, tuple[int, str, int]] = {}
        self.everything: tuple[int, str, int] | None = None
        # The last entry of each key, by its name. They never expire.
        self.keys: dict[str, dict] = {}

    def apply(self, entry: dict) -> None:
        if entry["kind"] == "key":
            self.keys[entry["key"]["kid"]] = entry
            return
        kind, subject, effect, expires = entry["kind"], entry["subject"], entry["effect"], entry["expiresAtMs"]
        if kind == "session":
            self.sessions[subject] = (effect, expires)
        elif kind == "user":
            self.users[subject] = (entry["epoch"] or 0, effect, expires)
        else:
            self.everything = (entry["epoch"] or 0, effect, expires)

    def lookup(self, claims: dict) -> str | None:
        """The effect that covers the token: of its session or its actor's, else its user, else of all."""
        session = self.sessions.get(claims["sid"]) or self.sessions.get(claims.get("act", {}).get("sid"))
        if session is not None:
            return session[0]
        user = self.users.get(claims["sub"])
        if user is not None and claims["epoch"] < user[0]:
            return user[1]
        if self.everything is not None and claims["global_epoch"] < self.everything[0]:
            return self.everything[1]
        return None

    def remove_expired(self, expired_at_ms: float) -> None:
        self.sessions = {key: value for key, value in self.sessions.items() if value[-1] > expired_at_ms}
        self.users = {key: value for key, value in self.users.items() if value[-1] > expired_at_ms}
        if self.everything is not None and self.everything[-1] <= expired_at_ms:
            self.everything = None

    def __len__(self) -> int:
        return len(self.sessions) + len(self.users) + (self.everything is not None)


@dataclass
class Follower:
    """New until its first response. A guard that starts again uses a new follower and a new id."""

    feed_id: str | None = None
    cursor: int | None = None
    index: Index = field(default_factory=Index)
    valid_until: Instant = Instant(-inf, -inf)
    pending: Instant | None = None
    db_now_ms: float | None = None
    received_at_ms: float = 0
    floor_ms: float = 0

    def begin_poll(self, now: Instant) -> dict:
        """Call it before sending. A pending poll is abandoned. Returns the members `feedId` and `after`."""
        # A new object, so that the answer to an earlier poll of the same instant does not match.
        self.pending = Instant(now.now_ms, now.wall_ms)
        return {} if self.feed_id is None else {"feedId": self.feed_id, "after": self.cursor}

    def abandon(self) -> None:
        self.pending = None

    def apply(self, response: dict, sent_at: Instant, received_at_ms: float) -> str:
        """Applies entries, then cursor and time, then the lease. Returns `ignored`, `applied` or `restart`."""
        if self.pending is not sent_at:
            return "ignored"
        self.pending = None
        has_changed = self.feed_id is not None and self.feed_id != response["feedId"]
        if has_changed or (self.cursor is not None and response["head"] < self.cursor):
            return "restart"
        cursor = -1 if self.cursor is None else self.cursor
        # An older entry of a subject would replace the newer one.
        for entry in response["entries"]:
            if entry["seq"] > cursor:
                self.index.apply(entry)
        last = response["entries"][-1]["seq"] if response["entries"] else self.cursor
        self.feed_id = response["feedId"]
        self.cursor = last if response["more"] else response["head"]
        self.floor_ms = response["dbNowMs"] if self.db_now_ms is None else self.time_at(received_at_ms)
        self.db_now_ms = response["dbNowMs"]
        self.received_at_ms = received_at_ms
        if not response["more"] and response["leaseMs"] > 0:
            end_ms = max(self.valid_until.now_ms, sent_at.now_ms + response["leaseMs"])
            # Not the maximum: after the wall clock was set back, the older limit has no meaning.
            self.valid_until = Instant(end_ms, sent_at.wall_ms + response["leaseMs"])
        return "applied"

    def has_lease(self, now: Instant) -> bool:
        return now.now_ms < self.valid_until.now_ms and now.wall_ms < self.valid_until.wall_ms

    def time_at(self, now_ms: float) -> float | None:
        """The time of the feed, in milliseconds since 1970. It never goes back."""
        if self.db_now_ms is None:
            return None
        return max(self.floor_ms, self.db_now_ms + now_ms - self.received_at_ms)


def decide(follower: Follower, claims: dict, now: Instant, on_unknown: str) -> str:
    """Revocation and lease. Returns `pass`, an effect, or `unknown`."""
    has_lease = follower.has_lease(now)
    effect = follower.index.lookup(claims)
    # Without a lease the account can have been enabled again.
    is_stale = effect == "forbidden" and not has_lease and on_unknown == "refuse"
    if effect is not None and not is_stale:
        return effect
    return "unknown" if not has_lease and on_unknown == "refuse" else "pass"

"""Checks responses of the feed. A malformed response is not applied in any part."""

import json
import re

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
KINDS = {"session", "user", "global"}
EFFECTS = {"ended", "forbidden", "superseded"}
KEY_EFFECTS = {"announced", "withdrawn"}
MAX_SAFE = 2**53 - 1


def parse_response(text: bytes) -> dict:
    """Raises ValueError when the text is not a response of a feed."""
    response = json.loads(text)
    if not is_response(response):
        raise ValueError("not a response of a feed")
    return response


def is_response(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    entries = value.get("entries")
    return (
        is_uuid(value.get("feedId"))
        and is_count(value.get("head"))
        and is_number(value.get("dbNowMs"))
        and is_number(value.get("maxToleranceMs"))
        and isinstance(value.get("issuer", ""), str)
        and is_count(value.get("leaseMs"))
        and isinstance(value.get("more"), bool)
        and isinstance(entries, list)
        and all(is_entry(entry) for entry in entries)
    )


def is_entry(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    kind, effect = value.get("kind"), value.get("effect")
    if kind == "key":
        return (
            isinstance(effect, str)
            and effect in KEY_EFFECTS
            and value.get("subject", 0) is None
            and value.get("epoch", 0) is None
            and is_count(value.get("seq"))
            and is_count(value.get("expiresAtMs"))
            and is_key(value.get("key"))
        )
    if not isinstance(kind, str) or not isinstance(effect, str) or kind not in KINDS or effect not in EFFECTS:
        return False
    subject, epoch = value.get("subject", 0), value.get("epoch", "")
    # A session or user entry without a subject covers nothing that could be looked up.
    is_named = is_uuid(subject) if value["kind"] != "global" else subject is None or is_uuid(subject)
    return is_named and is_count(value.get("seq")) and (epoch is None or is_count(epoch)) and is_count(value.get("expiresAtMs"))


def is_key(value: object) -> bool:
    """A JWK whose members are strings. A withdrawn key has no member but `kid`."""
    return isinstance(value, dict) and "kid" in value and all(isinstance(member, str) for member in value.values())


def is_uuid(value: object) -> bool:
    return isinstance(value, str) and UUID.fullmatch(value) is not None


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MAX_SAFE


def is_count(value: object, minimum: int = 0) -> bool:
    """A whole number; JSON can write one as 1.0."""
    return is_number(value) and value >= minimum and (isinstance(value, int) or value.is_integer())

"""Reads the Authorization field, and validates the form, header and claims of a token."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs

from .keys import Key, decode
from .messages import is_count
from .problems import Problem
from .strict_json import parse_object

MAX_LENGTH = 4096
MAX_LIFETIME_S = 86_400
CREDENTIALS = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) +([A-Za-z0-9._~+/=-]+)")
OTHER_SCHEME = re.compile(r"(?!bearer\b)[a-z][a-z0-9-]* +[a-z0-9-]+ *=", re.IGNORECASE)
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
SCOPE = re.compile(r"|[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")
FORBIDDEN = ("crit", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "b64", "zip", "enc")
STRINGS = ("iss", "sub", "jti", "client_id", "sid")
TIMES = ("iat", "exp", "nbf", "auth_time")
REQUIRED = ("iss", "aud", "sub", "iat", "exp", "jti", "client_id", "sid", "epoch", "global_epoch")


@dataclass(frozen=True)
class Caller:
    """The caller, as the token describes it."""

    id: str
    sid: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    client_id: str
    claims: dict


@dataclass(frozen=True)
class Parsed:
    """A token whose signature is not checked yet."""

    kid: str
    algorithm: str
    signed: bytes
    payload: bytes
    signature: bytes


def bearer_token(fields: list[str], query: bytes) -> str:
    """The one token of a request. Raises Problem."""
    if len(fields) > 1:
        raise Problem("request-malformed", "two Authorization fields")
    # Latin-1 decodes any byte: some servers pass on those that a query must not contain.
    if "access_token" in parse_qs(query.decode("latin-1"), keep_blank_values=True):
        raise Problem("request-malformed", "a token in the query string")
    value = fields[0] if fields else ""
    if value == "":
        raise Problem("token-missing", "no Authorization field")
    if len(value) > MAX_LENGTH + len("Bearer "):
        raise Problem("token-invalid", "longer than any access token")
    match = CREDENTIALS.fullmatch(value)
    if match is None:
        code = "token-missing" if OTHER_SCHEME.match(value) else "request-malformed"
        raise Problem(code, "not Bearer and one token")
    if match[1].lower() != "bearer":
        raise Problem("token-missing", "another scheme than Bearer")
    return match[2]


def parse(token: str) -> Parsed:
    """Accepts the canonical compact form only. Raises Problem."""
    if COMPACT.fullmatch(token) is None:
        raise _invalid("not a JWT in compact form")
    head, body, tail = token.split(".")
    try:
        header = parse_object(decode(head))
        payload, signature = decode(body), decode(tail)
    except ValueError as error:
        raise _invalid(f"not a JWT: {error}") from error
    kid, algorithm, kind = header.get("kid"), header.get("alg"), header.get("typ")
    if any(name in header for name in FORBIDDEN):
        raise _invalid("a forbidden header parameter")
    if not isinstance(kind, str) or kind.lower() not in ("at+jwt", "application/at+jwt"):
        raise _invalid("another type of token")
    if not isinstance(kid, str) or not 0 < len(kid) <= 200 or not isinstance(algorithm, str):
        raise _invalid("no kid or no algorithm")
    return Parsed(kid, algorithm, f"{head}.{body}".encode(), payload, signature)


def claims_of(parsed: Parsed, key: Key, issuer: str, audience: str) -> dict:
    """The claims of a token with a valid signature, without a look at the time. Raises Problem."""
    if key.is_withdrawn or parsed.algorithm != key.algorithm:
        raise _invalid("not the algorithm of this key")
    if not key.verifies(parsed.signature, parsed.signed):
        raise _invalid("the signature")
    try:
        claims = parse_object(parsed.payload)
    except ValueError as error:
        raise _invalid(f"the payload: {error}") from error
    error = _type_error(claims)
    if error is not None:
        raise _invalid(error)
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if claims["iss"] != issuer or audience not in audiences:
        raise _invalid("another issuer or audience")
    return claims


def check_times(claims: dict, time_ms: float | None, tolerance_ms: float, is_current: bool) -> None:
    """Expiry comes last: `token-expired` means that everything else is valid. Raises Problem."""
    if time_ms is None:
        raise Problem("revocation-unknown", "no response of the feed yet")
    latest = max(claims["iat"], claims.get("nbf", 0), claims.get("auth_time", 0))
    if latest * 1000 > time_ms + tolerance_ms:
        # Without a lease the time can be behind, as after a suspension.
        raise Problem("token-invalid" if is_current else "revocation-unknown", "a time in the future")
    if not 0 < claims["exp"] - claims["iat"] <= MAX_LIFETIME_S:
        raise _invalid("a lifetime that no access token has")
    if time_ms >= claims["exp"] * 1000 + tolerance_ms:
        raise Problem("token-expired", "expired")


def caller_of(claims: dict) -> Caller:
    scopes = tuple(claims["scope"].split(" ")) if claims.get("scope") else ()
    return Caller(claims["sub"], claims["sid"], tuple(claims.get("roles", [])), scopes, claims["client_id"], claims)


def _type_error(claims: dict) -> str | None:
    for name in REQUIRED:
        if name not in claims:
            return f"{name} is missing"
    audience = claims["aud"]
    is_list = isinstance(audience, list) and 0 < len(audience) <= 20 and all(_is_text(item) for item in audience)
    if not all(_is_text(claims[name]) for name in STRINGS) or not (is_list or _is_text(audience)):
        return "a claim is not a string"
    if not all(is_count(claims[name], 1) for name in TIMES if name in claims):
        return "a claim is not a time"
    if not is_count(claims["epoch"]) or not is_count(claims["global_epoch"]):
        return "an epoch is not a count"
    scope, roles = claims.get("scope", ""), claims.get("roles", [])
    if not isinstance(scope, str) or SCOPE.fullmatch(scope) is None:
        return "scope is not a list of scopes"
    if not isinstance(roles, list) or not all(_is_text(role) for role in roles):
        return "roles is not a list of strings"
    actor = claims.get("act", {})
    if not isinstance(actor, dict) or not _is_text(actor.get("sid", "none")):
        return "act is not an actor"
    return None


def _is_text(value: object) -> bool:
    # A length in UTF-16, as in the other guards.
    return isinstance(value, str) and value != "" and len(value.encode("utf-16-le")) // 2 <= 1024


def _invalid(why: str) -> Problem:
    return Problem("token-invalid", why)

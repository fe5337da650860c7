"""Strict JSON: one object, no duplicate members, no reserved names, no NUL, bounded depth."""

import json

MAX_DEPTH = 5
RESERVED = {"__proto__", "constructor", "prototype"}


def parse_object(data: bytes) -> dict[str, object]:
    """Raises ValueError when the text is not strict JSON."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_members, parse_constant=_reject_constant)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(value, dict):
        raise ValueError("not an object")
    _check(value, 1)
    return value


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    if RESERVED & members.keys():
        raise ValueError("a reserved name")
    return members


def _reject_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _check(value: object, depth: int) -> None:
    if isinstance(value, str):
        if "\0" in value or any(0xD800 <= ord(character) <= 0xDFFF for character in value):
            raise ValueError("U+0000 or half a surrogate pair")
        return
    if not isinstance(value, (dict, list)):
        return
    if depth > MAX_DEPTH:
        raise ValueError("nested too deep")
    for item in value if isinstance(value, list) else [*value.keys(), *value.values()]:
        _check(item, depth + 1)

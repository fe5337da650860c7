"""What a route requires."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """All scopes are required, and one of the roles. Without a lease: refuse, or allow."""

    scope: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    on_unknown: str = "refuse"

    def __post_init__(self) -> None:
        if self.on_unknown not in ("refuse", "allow"):
            raise ValueError('on_unknown must be "refuse" or "allow"')
        if isinstance(self.scope, str) or isinstance(self.roles, str):
            raise ValueError("scope and roles must be tuples")

    def is_met_by(self, scopes: tuple[str, ...], roles: tuple[str, ...]) -> bool:
        has_role = not self.roles or any(role in roles for role in self.roles)
        return has_role and all(scope in scopes for scope in self.scope)

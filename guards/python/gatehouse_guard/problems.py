"""The refusals of a guard (docs/problems.md), and their HTTP responses (RFC 9457, RFC 6750)."""

import json

# code: status, action, challenge, title
TABLE = {
    "token-missing": (401, "renew", "", "An access token is required."),
    "token-expired": (401, "renew", "invalid_token", "The access token has expired."),
    "token-invalid": (401, "renew", "invalid_token", "The access token is not valid here."),
    "session-ended": (401, "login", "invalid_token", "This session is over."),
    "account-disabled": (403, "stop", None, "This account is disabled."),
    "insufficient-scope": (403, "stop", "insufficient_scope", "The access token lacks a required permission."),
    "request-malformed": (400, "stop", "invalid_request", "The request is not well formed."),
    "revocation-unknown": (503, "retry", None, "The state of this session is not known at the moment."),
    "unavailable": (503, "retry", None, "The service is not available at the moment."),
}
OF_EFFECT = {"ended": "session-ended", "forbidden": "account-disabled", "superseded": "token-expired"}


class Problem(Exception):
    """A refusal. `why` is for the log only."""

    def __init__(self, code: str, why: str, scope: tuple[str, ...] = ()) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why
        self.scope = scope


def response_of(problem: Problem, base: str, realm: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Returns status, headers and body. Nothing of the request enters them."""
    status, action, challenge, title = TABLE[problem.code]
    detail = f"Required: {' '.join(problem.scope)}." if problem.scope else title
    body = json.dumps(
        {
            "type": f"{base}/{problem.code}",
            "title": title,
            "status": status,
            "detail": detail,
            "code": problem.code,
            "action": action,
        }
    ).encode()
    headers = {"content-type": "application/problem+json", "cache-control": "no-store", "content-length": str(len(body))}
    if challenge is not None:
        parameters = [f'realm="{realm}"']
        if challenge:
            parameters += [f'error="{challenge}"', f'error_description="{title}"']
        if problem.scope:
            parameters.append(f'scope="{" ".join(problem.scope)}"')
        headers["www-authenticate"] = f"Bearer {', '.join(parameters)}"
    if status == 503:
        headers["retry-after"] = "2"
    return status, [(name.encode(), value.encode("latin-1")) for name, value in headers.items()], body

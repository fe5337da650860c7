"""The ASGI middleware: every HTTP and WebSocket request needs a token of an active session."""

import asyncio
from typing import Callable

from .guard import Guard, Verified
from .problems import Problem, response_of
from .rule import Rule


class GuardMiddleware:
    """Wraps an ASGI application. The handler finds the caller in `scope["caller"]`.

    `rule_of` gets the scope and returns the rule of the route, or None for a route without a guard.
    """

    def __init__(self, app, guard: Guard, rule_of: Callable[[dict], Rule | None] = lambda _scope: Rule()) -> None:
        self.app = app
        self.guard = guard
        self.rule_of = rule_of

    async def __call__(self, scope: dict, receive, send) -> None:
        self.guard.start()
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, _leaving(self.guard, send))
        rule = self.rule_of(scope)
        if rule is None:
            return await self.app(scope, receive, send)
        try:
            verified = await self.guard.authorize(_fields(scope), scope["query_string"], rule)
        except Problem as problem:
            return await self._refuse(scope, send, problem)
        exchange = Exchange(self, verified, rule, scope, receive, send)
        await exchange.run({**scope, "caller": verified.caller})

    async def _refuse(self, scope: dict, send, problem: Problem) -> None:
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008, "reason": problem.code})
        settings = self.guard.settings
        status, headers, body = response_of(problem, f"{settings.issuer}/problems", settings.audience)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Exchange:
    """One admitted request: decides again after the body, and closes a response that stays open."""

    def __init__(self, middleware: GuardMiddleware, verified: Verified, rule: Rule, scope: dict, receive, send) -> None:
        self._middleware = middleware
        self._verified = verified
        self._rule = rule
        self._scope = scope
        self._receive = receive
        self._send = send
        self._start: dict | None = None
        self._is_sent = False
        self._refusal: Problem | None = None
        self._closed_as: str | None = None
        self._release: Callable[[], None] = lambda: None

    async def run(self, scope: dict) -> None:
        self._task = asyncio.ensure_future(self._middleware.app(scope, self._receive_body, self._send_response))
        try:
            if scope["type"] == "websocket":
                self._track()
            await asyncio.shield(self._task)
        except asyncio.CancelledError:
            if self._closed_as is None and self._refusal is None:
                # The server cancels the request, for example because the client has disconnected.
                self._task.cancel()
                raise
        except Problem as problem:
            if problem is not self._refusal:
                raise
        finally:
            self._release()
        await self._finish()

    async def _receive_body(self) -> dict:
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False) and not self._is_sent:
            # The body can take seconds to arrive: the token can have been revoked or have expired.
            try:
                self._middleware.guard.decide(self._verified, self._rule)
            except Problem as problem:
                self._refusal = problem
                raise
        return message

    async def _send_response(self, message: dict) -> None:
        if self._refusal is not None or self._closed_as is not None:
            return
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start is not None:
            # A response in several parts is a stream: the guard decides once more before its first byte.
            if message.get("more_body", False):
                self._track()
            start, self._start, self._is_sent = self._start, None, True
            await self._send(start)
        await self._send(message)

    def _track(self) -> None:
        try:
            self._release = self._middleware.guard.track(self._verified, self._rule, self._close)
        except Problem as problem:
            self._refusal = problem
            self._task.cancel()
            raise

    def _close(self, code: str) -> None:
        self._closed_as = code
        self._task.cancel()

    async def _finish(self) -> None:
        if self._refusal is not None:
            await self._middleware._refuse(self._scope, self._send, self._refusal)
        elif self._closed_as is None:
            return
        elif self._scope["type"] == "websocket":
            await self._send({"type": "websocket.close", "code": 1008, "reason": self._closed_as})
        else:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _fields(scope: dict) -> list[str]:
    return [value.decode("latin-1").strip() for name, value in scope["headers"] if name == b"authorization"]


def _leaving(guard: Guard, send):
    """The guard leaves the feed after the application has shut down."""

    async def send_lifespan(message: dict) -> None:
        if message["type"].startswith("lifespan.shutdown."):
            await guard.stop()
        await send(message)

    return send_lifespan

"""An application with the guard, for the conformance program: `python3 app.py AUTH_URL`."""

import asyncio
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import uvicorn  # noqa: E402

from gatehouse_guard import Guard, GuardMiddleware, Rule, Settings  # noqa: E402

RULES = {"/storage/restricted": Rule(scope=("storage:restricted",)), "/storage/open": Rule(on_unknown="allow")}


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            event = (await receive())["type"]
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return
    while (await receive()).get("more_body", False):
        pass
    if scope["path"] == "/storage/events":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        while True:
            await send({"type": "http.response.body", "body": b": heartbeat\n\n", "more_body": True})
            await asyncio.sleep(15)
    status = 201 if scope["method"] == "POST" else 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b"{}"})


auth_url = sys.argv[1]
settings = Settings(
    issuer="https://auth.example",
    audience="warehouse",
    client_id="warehouse",
    client_secret="not a secret: %&",
    auth_urls=(auth_url,),
    jwks_url=f"{auth_url}/.well-known/jwks.json",
    tolerance_ms=2000,
    poll_timeout_ms=2000,
)
guarded = GuardMiddleware(app, Guard(settings), lambda scope: RULES.get(scope["path"], Rule()))
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
print(f"listening at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
uvicorn.Server(uvicorn.Config(guarded, log_level="warning", lifespan="on")).run(sockets=[listener])

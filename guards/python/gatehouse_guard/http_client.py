"""One HTTP request on one connection, with a limit on the size of the response."""

import asyncio
import ssl
from urllib.parse import urlsplit

MAX_BYTES = 2_097_152
MAX_HEADERS = 100


class HttpError(Exception):
    """The response is not complete, or not HTTP."""


async def send(url: str, method: str = "GET", headers: dict | None = None, body: bytes = b"") -> tuple[int, dict, bytes]:
    """Returns status, header and body. The caller limits the time; cancelling closes the connection.

    Each request has its own connection, so bytes that follow a response belong to no other request.
    """
    parts = urlsplit(url)
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or (443 if tls else 80), ssl=tls)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = {"host": parts.netloc.rpartition("@")[2], "connection": "close", "content-length": str(len(body)), **(headers or {})}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"{head}\r\n".encode("latin-1") + body)
        await writer.drain()
        return await _response(reader)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise HttpError(f"an incomplete response: {error}") from error
    finally:
        writer.close()


async def _response(reader: asyncio.StreamReader) -> tuple[int, dict, bytes]:
    status, fields = 100, {}
    while status < 200:
        version, code, *_ = (await _line(reader)).split(" ", 2)
        if not version.startswith("HTTP/1.") or not code.isdecimal():
            raise HttpError("not HTTP")
        status, fields = int(code), await _fields(reader)
    if status in (204, 304):
        return status, fields, b""
    if "transfer-encoding" in fields:
        return status, fields, await _chunks(reader)
    if "content-length" in fields:
        length = int(fields["content-length"])
        if not 0 <= length <= MAX_BYTES:
            raise HttpError("too large")
        return status, fields, await reader.readexactly(length)
    # Without a length the end of the connection could be in the middle of the body.
    raise HttpError("a response without a length")


async def _line(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\r\n"))[:-2].decode("latin-1")


async def _fields(reader: asyncio.StreamReader) -> dict[str, str]:
    fields: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = await _line(reader)
        if line == "":
            return fields
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    raise HttpError("too many header fields")


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        size = int((await _line(reader)).partition(";")[0], 16)
        if size < 0 or len(body) + size > MAX_BYTES:
            raise HttpError("too large")
        if size == 0:
            await _fields(reader)
            return bytes(body)
        body += await reader.readexactly(size)
        await reader.readexactly(2)

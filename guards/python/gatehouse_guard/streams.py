"""Open responses, and which of them an entry, an expiry or the end of the lease closes."""

from typing import Callable


class Streams:
    """Each stream is closed once, with the code of the reason."""

    def __init__(self) -> None:
        self._open: dict[object, tuple[object, str, Callable[[str], None]]] = {}

    def track(self, verified: object, on_unknown: str, close: Callable[[str], None]) -> Callable[[], None]:
        """Returns a function that releases the stream."""
        key = object()
        self._open[key] = (verified, on_unknown, close)
        return lambda: self._open.pop(key, None) and None

    def close_where(self, reason: Callable[[object, str], str | None]) -> None:
        """Closes each stream for which the function returns a code."""
        for key, (verified, on_unknown, close) in list(self._open.items()):
            code = reason(verified, on_unknown)
            if code is not None:
                del self._open[key]
                close(code)

    def __len__(self) -> int:
        return len(self._open)

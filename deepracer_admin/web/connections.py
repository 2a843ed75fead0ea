"""How requests are read and connections end: by httptools, faster than by the server's own reader
(benchmarks/viewers.py), bounded, and so that an answer arrives.

uvicorn's protocol on httptools keeps whatever head a client sends until it is complete; its other one ends a connection
at 64 kB. What grows without an end is refused here as well, while it comes.

Both close a connection as soon as they have answered. Where some of the request is still on its way then (a body that
is refused for its size, a head that is too long), a system throws the unread rest and the answer away together, and
whoever sent it sees a broken connection instead of a sentence. So such an end is announced, and what still comes is
read and dropped until the client has ended as well, or for a while.
"""

from __future__ import annotations

import logging
from asyncio import Transport
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["LONGEST_HEAD", "MOST_DROPPED", "bound_requests"]

log = logging.getLogger(__name__)
LONGEST_HEAD = 64 * 1024
"""Bytes of a request's line and headers."""
MOST_DROPPED = 32 * 1024 * 1024
"""Bytes of a request that are read after its answer: more than any list, so that only who floods is cut off."""
LONGEST_END_S = 30.0
_WITHOUT_BODY = ("GET", "HEAD")


class _Ending:
    """The connection as an answer uses it, whose end is ours."""

    def __init__(self, transport: Transport, end: Callable[[], None]) -> None:
        self._transport, self.close = transport, end
        self.write, self.is_closing = transport.write, transport.is_closing


class _Bounded(HttpToolsProtocol):
    """One connection; a head that does not end is answered with 400, and the connection closed."""

    _is_head_open = False
    _head = _piece = 0
    _ends_s: float | None = None  # of the loop: then it is closed, whatever still comes
    _dropped = 0

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():  # what was on its way when it was closed
            return
        if self._ends_s is not None:
            self._drop(len(data))
            return
        self._piece = len(data)
        self._head += len(data)
        _read(self, data)
        if self._is_head_open and self._head > LONGEST_HEAD and self._ends_s is None:
            log.warning("A request's head was longer than %d bytes; refused.", LONGEST_HEAD)
            self.send_400_response("The head of this request is too long.")

    def on_message_begin(self) -> None:
        _begin(self)
        self._is_head_open, self._head = True, self._piece

    def on_headers_complete(self) -> None:
        self._is_head_open = False
        _complete(self)
        if self.scope["method"] not in _WITHOUT_BODY and self.cycle is not None and self.cycle.scope is self.scope:
            self.cycle.transport = _Ending(self.transport, self._end)  # pyright: ignore[reportAttributeAccessIssue] (all that an answer uses of it)

    def on_response_complete(self) -> None:
        _answered(self)
        if self.cycle.response_complete and self.cycle.more_body:
            self._end()

    def send_400_response(self, msg: str) -> None:
        under_way, transport = self.cycle, self.transport
        if under_way is not None and not under_way.response_complete:
            under_way.disconnected = True
            under_way.message_event.set()
        self.transport = _Ending(transport, lambda: None)  # pyright: ignore[reportAttributeAccessIssue] (written to and closed)
        try:
            _refuse(self, msg)
        finally:
            self.transport = transport
        self._drop_the_rest()

    def _end(self) -> None:
        """Instead of `close`, once the answer is written."""
        if self.cycle.more_body:
            self._drop_the_rest()
        else:
            self.transport.close()

    def _drop_the_rest(self) -> None:
        if self._ends_s is not None or self.transport.is_closing():
            return
        self._ends_s = self.loop.time() + LONGEST_END_S
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._close_when_silent()

    def _drop(self, size: int) -> None:
        self._dropped += size
        if self._dropped > MOST_DROPPED or self._ends_s is None or self.loop.time() > self._ends_s:
            self.transport.close()
        else:
            self._close_when_silent()

    def _close_when_silent(self) -> None:
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)


_read, _begin, _complete, _answered, _refuse = (
    HttpToolsProtocol.data_received,
    HttpToolsProtocol.on_message_begin,
    HttpToolsProtocol.on_headers_complete,
    HttpToolsProtocol.on_response_complete,
    HttpToolsProtocol.send_400_response,
)


def bound_requests() -> None:
    """For every server of this process, in uvicorn's own class: Streamlit's server has chosen it before any code of
    ours is imported, and has no setting for another."""
    for name, part in vars(_Bounded).items():
        if not name.startswith("__"):
            setattr(HttpToolsProtocol, name, part)

"""How requests are read: by httptools, faster than by the server's own reader (benchmarks/viewers.py), and bounded.

uvicorn's protocol on httptools keeps whatever head a client sends until it is complete; its other one ends a connection
at 64 kB. What grows without an end is refused here as well, while it comes.
"""

from __future__ import annotations

import logging

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["LONGEST_HEAD", "bound_requests"]

log = logging.getLogger(__name__)
LONGEST_HEAD = 64 * 1024
"""Bytes of a request's line and headers."""


class _Bounded(HttpToolsProtocol):
    """One connection; a head that does not end is answered with 400, and the connection closed."""

    _is_head_open = False
    _head = _piece = 0

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():  # what was on its way when it was refused
            return
        self._piece = len(data)
        self._head += len(data)
        _read(self, data)
        if self._is_head_open and self._head > LONGEST_HEAD and not self.transport.is_closing():
            log.warning("A request's head was longer than %d bytes; refused.", LONGEST_HEAD)
            self.send_400_response("The head of this request is too long.")

    def on_message_begin(self) -> None:
        _begin(self)
        self._is_head_open, self._head = True, self._piece

    def on_headers_complete(self) -> None:
        self._is_head_open = False
        _complete(self)


_read, _begin, _complete = (
    HttpToolsProtocol.data_received,
    HttpToolsProtocol.on_message_begin,
    HttpToolsProtocol.on_headers_complete,
)
_OURS = ("_is_head_open", "_head", "_piece", "data_received", "on_message_begin", "on_headers_complete")


def bound_requests() -> None:
    """For every server of this process, in uvicorn's own class: Streamlit's server has chosen it before any code of
    ours is imported, and has no setting for another."""
    for name in _OURS:
        setattr(HttpToolsProtocol, name, getattr(_Bounded, name))

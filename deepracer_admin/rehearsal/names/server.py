"""The practice company's domain in DNS: SPF, DMARC and the three DKIM records that SES asks for."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.signed_mail import DKIM_HOST, DKIM_TOKENS, MAIL_DOMAIN

SERVICE = "dns"
TTL_S = 60


class NameServer(asyncio.DatagramProtocol):
    """States, armed like faults: `no_spf`, `two_spf`, `no_dmarc`, `no_dkim`, `failing` (SERVFAIL), `down` (silence)."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._transport: asyncio.DatagramTransport | None = None
        self.port = 0

    async def listen(self) -> None:
        """Answer on a free UDP port of 127.0.0.1 until `close`."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=listener)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        answer = self.answer(data)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)

    def answer(self, data: bytes) -> bytes | None:
        """The answer to one question; None: nothing is said."""
        try:
            asked = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return None
        if self._is("down") or not asked.question:
            return None
        question = asked.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self._ground.counters.called(SERVICE, f"Query{kind}")
        reply = dns.message.make_response(asked)
        reply.flags |= dns.flags.AA | dns.flags.RA
        if self._is("failing"):
            reply.set_rcode(dns.rcode.SERVFAIL)
            return reply.to_wire()
        records = self._zone().get(name)
        if records is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif kind in records:
            reply.answer.append(dns.rrset.from_text_list(question.name, TTL_S, "IN", kind, records[kind]))
        return reply.to_wire()

    def _zone(self) -> dict[str, dict[str, list[str]]]:
        spf = [] if self._is("no_spf") else ['"v=spf1 include:amazonses.com ~all"']
        if self._is("two_spf"):
            spf.append('"v=spf1 include:spf.example.org -all"')
        zone = {MAIL_DOMAIN: {"TXT": [*spf, '"site-verification=practice"']}}
        if not self._is("no_dmarc"):
            zone[f"_dmarc.{MAIL_DOMAIN}"] = {"TXT": [f'"v=DMARC1; p=none; rua=mailto:dmarc@{MAIL_DOMAIN}"']}
        if not self._is("no_dkim"):
            for token in DKIM_TOKENS:
                zone[f"{token}._domainkey.{MAIL_DOMAIN}"] = {"CNAME": [f"{token}.{DKIM_HOST}."]}
        return zone

    def _is(self, state: str) -> bool:
        return self._ground.faults.armed(SERVICE, state) is not None

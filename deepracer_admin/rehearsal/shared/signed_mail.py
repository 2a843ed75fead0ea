"""How the practice company's mail is signed: what SES wants in DNS, and what the name server holds."""

from __future__ import annotations

MAIL_DOMAIN = "example.com"
DKIM_TOKENS = tuple(f"{'practice' * 3}{number:08x}" for number in (1, 2, 3))
DKIM_HOST = "dkim.amazonses.com"

"""The event portal and who registered through it. What the values say: model/registrations.py."""

from __future__ import annotations

from deepracer_admin.model.registrations import Asked, Portal, PortalLink, Registration
from deepracer_admin.store.documents import PASSING, REGISTERED, Document, Table

__all__ = ["ASKED", "PORTAL", "PORTAL_LINKS", "REGISTRATIONS"]

PORTAL: Document[Portal] = Document("portal", Portal, Portal(), personal=False)
"""Changed by organizers (Attendees, Portal); read by the public listener and the worker."""

ASKED = Table(PASSING, Asked, "form", personal=True)
"""Forms as they came, by a random key, oldest first. Added to by the public listener (or the portal's API), one row a
form, whoever sent it; taken by the worker (flows/people/registrations.py), which alone knows who is known."""

REGISTRATIONS = Table(REGISTERED, Registration, "registration", personal=True)
"""By `registration_id(email)`. Made and moved on by the worker; verified by the holder of a mailed link; decided by
organizers."""

PORTAL_LINKS = Table("portal_links", PortalLink, "link", personal=True)
"""By the SHA-256 of the token. Made when a mail goes out; used by whoever opens it; swept by the worker."""

"""The practice Entra tenant: sign-in pages, tokens and consents."""

from .service import Entra

__all__ = ["Entra"]

"""The practice name server: the company's domain as DNS shows it, over UDP on loopback."""

from .server import NameServer

__all__ = ["NameServer"]

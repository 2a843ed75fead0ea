"""The practice copy of AWS DeepRacer multi-user mode, as far as its protocol is documented (managed-deepracer.md).

AWS closed the service in December 2025, so nothing here could be compared with the real one any more. What is not
publicly known (managed-deepracer.md 1.7) is decided in one place each, with a comment.
"""

from .service import Managed

__all__ = ["Managed"]

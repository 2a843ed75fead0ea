"""The practice Amazon SES v2, and the SQS queue that tells what became of each mail."""

from .ses import Ses

__all__ = ["Ses"]

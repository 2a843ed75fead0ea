"""How the practice Entra tenant says no: OAuth errors with AADSTS codes, in Entra's JSON shape."""

import time
import uuid
from typing import Any

from .tokens import HOST


class Refusal(Exception):
    """An OAuth error with its AADSTS code."""

    def __init__(self, error: str, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.error, self.code, self.message, self.status = error, code, message, status

    def body(self) -> dict[str, Any]:
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        stamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
        text = f"AADSTS{self.code}: {self.message}"
        return {
            "error": self.error,
            "error_description": f"{text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
            "error_codes": [self.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{HOST}/error?code={self.code}",
        }

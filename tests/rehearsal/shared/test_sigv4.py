"""Two independent implementations of Signature Version 4 agree on whatever a client may send."""

from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from deepracer_admin.rehearsal.shared.sigv4 import Credential, Refusal, verify

KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/token==")
KNOWN = Credential("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/token==")
texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)


def received(method: str, url: str, body: bytes, headers: dict[str, str]) -> Request:
    parts = urlsplit(url)
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(b"host", parts.netloc.encode()), *raw],
    }
    return Request(scope)


def check(request: Request, body: bytes) -> Credential:
    return verify(
        request,
        body,
        "execute-api",
        lambda key: KNOWN if key == KNOWN.access_key_id else None,
        region="us-east-1",
        now=datetime.now(UTC),
    )


def signed(method: str, url: str, body: bytes) -> Request:
    request = AWSRequest(method, url, data=body, headers={"content-type": "application/json", "x-note": "a   b "})
    SigV4Auth(KEYS, "execute-api", "us-east-1").add_auth(request)
    return received(method, url, body, dict(request.headers.items()))


@given(
    method=st.sampled_from(["GET", "POST", "PATCH"]),
    segments=st.lists(texts.filter(lambda text: text not in (".", "..", "")), max_size=3),
    query=st.lists(st.tuples(texts, texts), max_size=4),
    body=st.binary(max_size=40),
)
def test_what_botocore_signs_is_accepted(
    method: str, segments: list[str], query: list[tuple[str, str]], body: bytes
) -> None:
    path = "/prod/" + "/".join(quote(segment, safe="") for segment in segments)
    pairs = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query)
    url = f"http://127.0.0.1:8080{path}" + (f"?{pairs}" if pairs else "")
    assert check(signed(method, url, body), body) is KNOWN


@given(body=st.binary(min_size=1, max_size=40), other=st.binary(max_size=40))
def test_another_body_is_never_accepted(body: bytes, other: bytes) -> None:
    request = signed("POST", "http://127.0.0.1:8080/prod/profile", body)
    if other != body:
        with pytest.raises(Refusal) as refusal:
            check(request, other)
        assert refusal.value.error_type == "InvalidSignatureException"


@pytest.mark.parametrize("name", ["x-amz-date", "x-amz-security-token", "x-amz-note"])
def test_a_header_of_aws_that_is_not_signed_is_refused(name: str) -> None:
    class Careless(SigV4Auth):
        def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
            headers = super().headers_to_sign(request)
            del headers[name]
            return headers

    def attempt(signer: SigV4Auth) -> None:
        url = "http://127.0.0.1:8080/prod/profile"
        request = AWSRequest("GET", url, data=b"", headers={"x-amz-note": "1"})
        signer.add_auth(request)
        check(received("GET", url, b"", dict(request.headers.items())), b"")

    attempt(SigV4Auth(KEYS, "execute-api", "us-east-1"))
    with pytest.raises(Refusal, match="must be a 'SignedHeader'") as refusal:
        attempt(Careless(KEYS, "execute-api", "us-east-1"))
    assert refusal.value.error_type == "InvalidSignatureException"
    assert name in str(refusal.value).lower()

"""The web site of a deployment: one public line of configuration, and `index.html` for everything else.

The distribution rewrites 403 and 404 to `index.html` with status 200, so a client must look at the body
(deepracer-on-aws.md 1.1; deepracer-on-aws-1.3.md 7 for the public results).
"""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from .deployment import ACCOUNT, Deployment

_INDEX = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>DeepRacer on AWS</title>'
    '<script src="/env.js"></script></head><body><div id="root"></div></body></html>'
)


class Website:
    """`prefix` is the site's path, `api` the path of the API below the same host."""

    def __init__(self, site: Deployment, api: str) -> None:
        self.site = site
        self.api = api

    async def show_environment(self, request: Request) -> Response:
        site, options = self.site, self.site.options
        if site.switched("wrong_site", "show_environment"):
            return await self.show_index(request)
        config = {
            "apiEndpointUrl": f"{request.url.scheme}://{request.url.netloc}{self.api}/prod/",
            "userPoolId": site.pool_id,
            "userPoolClientId": site.client_id,
            "identityPoolId": site.identity_pool_id,
            "region": options.region,
            "uploadBucketName": f"{options.namespace}-deepracer-upload-{ACCOUNT}",
            "iotEndpoint": f"practice-ats.iot.{options.region}.amazonaws.com",
            "solutionVersion": f"v{options.version}",
            "namespace": options.namespace,
        }
        line = f"window.EnvironmentConfig = {json.dumps(config)};"
        return Response(line, media_type="application/javascript")

    async def show_index(self, request: Request) -> Response:
        return Response(_INDEX, headers={"content-type": "text/html"})  # as it lies in the bucket, without a charset

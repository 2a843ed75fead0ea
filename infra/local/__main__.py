"""`python -m infra.local --home DIR --port N`: the serverless path on loopback, for `python3 start.py portal`.

Serves the static page, its API and, at /local/status, what the path has counted. Writes `portal.json` into the home
when it is ready: where the page, the table and the event are. Stops on SIGINT and SIGTERM.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import logging
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from deepracer_admin.compose import compose
from deepracer_admin.errors import BadSettings, ConsoleError
from deepracer_admin.opening import shared_table
from deepracer_admin.private import private_folder
from deepracer_admin.settings import Settings, read_practice
from deepracer_admin.store.dynamodb.table_facts import create
from deepracer_admin.vault import open_vault
from deepracer_admin.worker.practice import anchor_clock
from infra.local.chain import BITS, Chain, serve_table, shared_settings
from infra.local.resolvers import NoNode
from infra.local.seed import seed
from infra.site import PORTAL

__all__ = ["ADDRESS_FILE", "application", "main"]

ADDRESS_FILE = "portal.json"
PATIENCE_S = 60.0
FILES = {
    "portal.css": "text/css",
    "portal.js": "text/javascript",
    "address.js": "text/javascript",
    "proof.js": "text/javascript",
    "words.json": "application/json",
}
HEADERS = {  # as SiteHeaders in the template sets them; here the API is of the same origin
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def application(chain: Chain) -> Starlette:
    """The page, its API, and what was counted."""

    async def page(_: Request) -> Response:
        return FileResponse(PORTAL / "index.html", media_type="text/html", headers=HEADERS)

    async def asset(request: Request) -> Response:
        name = request.url.path.lstrip("/")
        return FileResponse(PORTAL / name, media_type=FILES[name], headers=HEADERS)

    async def config(_: Request) -> Response:
        return JSONResponse({"api": "/graphql", "event": chain.event_id, "bits": BITS}, headers=HEADERS)

    async def graphql(request: Request) -> Response:
        return await chain.api.answer(request)

    async def status(_: Request) -> Response:
        return JSONResponse(
            {
                "stream": dict(chain.pump.counts),
                "mail_queue": dict(chain.queue.counts),
                "failures": len(chain.failures.kept),
            }
        )

    return Starlette(
        routes=[
            Route("/", page),
            Route("/register/{event}", page),
            Route("/register/{event}/me/{token}", page),
            *(Route(f"/{name}", asset) for name in FILES),
            Route("/config.json", config),
            Route("/graphql", graphql, methods=["POST"]),
            Route("/local/status", status),
        ]
    )


def main(given: list[str] | None = None) -> int:
    """0: stopped as asked. 2: could not start, with one sentence on stderr why."""
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True, help="of the static page and its API")
    parser.add_argument("--table-port", type=int, default=0, help="of DynamoDB; 0 takes a free one")
    options = parser.parse_args(given)
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1)  # where every thread is, into the log
    # Else SIGTERM, which uvicorn raises anew once it has ended, would end us before what we started is stopped.
    signal.signal(signal.SIGTERM, _stopped)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    for noisy in ("werkzeug", "httpx", "botocore", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")
    try:
        _wait_for_practice(options.home)
        return _serve(options.home, options.port, options.table_port)
    except (ConsoleError, NoNode) as trouble:
        print(trouble, file=sys.stderr)
        return 2


def _stopped(*_: object) -> None:
    sys.exit(0)


def _forget(home: Path) -> None:
    """The table of the time before is gone with its process, so its copies are of nothing."""
    for folder in ("functions", "organizer"):
        shutil.rmtree(home / folder, ignore_errors=True)
    for copy in home.glob("shared-*.sqlite*"):
        copy.unlink()


def _serve(home: Path, port: int, table_port: int) -> int:
    _forget(home)
    address = f"http://127.0.0.1:{port}"
    table = serve_table(table_port)
    settings = shared_settings(home / "organizer", table.endpoint, address)
    private_folder(settings.home)
    (settings.home / "practice.json").write_bytes((home / "practice.json").read_bytes())
    (settings.home / "key").write_bytes(_key(home))
    try:
        create(shared_table(settings))
        console = compose(settings)
        try:
            anchor_clock(console)
            event = seed(console)
        finally:
            console.close()
        chain = Chain(home, table, event.id, address)
        chain.start()
        try:
            found: dict[str, Any] = {"portal": f"{address}/register/{event.id}", "table": table.endpoint}
            server = uvicorn.Server(
                uvicorn.Config(application(chain), host="127.0.0.1", port=port, log_level="warning", access_log=False)
            )
            (home / ADDRESS_FILE).write_text(json.dumps({**found, "event": event.id, "pid": os.getpid()}), "utf-8")
            server.run()
        finally:
            (home / ADDRESS_FILE).unlink(missing_ok=True)
            chain.stop()
    finally:
        table.stop()
    return 0


def _key(home: Path) -> bytes:
    """All copies of the shared table are sealed with one key: that of the console's own folder."""
    return open_vault(Settings.model_validate({"mode": "rehearsal", "home": home})).key


def _wait_for_practice(home: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            read_practice(home)
            return
        except BadSettings:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())

"""The practice controls, for rehearsals and tests: clock, faults, counters, mails, truth, books, capacity, fleet."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from deepracer_admin.rehearsal.deepracer.capacity import Quotas
from deepracer_admin.rehearsal.deepracer.ledger import list_books
from deepracer_admin.rehearsal.shared.faults import check_name
from deepracer_admin.rehearsal.shared.people import attendee_csv

from .world import World

MOST_PEOPLE = 50_000
NOT_ARMED = "No fault with this id is armed."
Handler = Callable[[Request], Awaitable[Response]]


class Control:
    """``/control/...``: never counted, never faulted. A refusal is ``{"error": a sentence}`` with status 400 or 404."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        table: list[tuple[str, str, Handler]] = [
            ("status", "GET", self.status),
            ("clock", "POST", self.clock),
            ("counters", "GET", self.counters),
            ("counters/reset", "POST", self.reset_counters),
            ("faults", "GET", self.faults),
            ("faults", "POST", self.arm),
            ("faults", "DELETE", self.disarm),
            ("faults/{fault_id:int}", "GET", self.faults),
            ("faults/{fault_id:int}", "DELETE", self.disarm),
            ("outbox", "GET", self.outbox),
            ("events", "GET", self.events),
            ("invitations", "GET", self.invitations),
            ("truth", "GET", self.truth),
            ("books", "GET", self.books),
            ("capacity", "GET", self.capacity),
            ("capacity", "POST", self.capacity),
            ("people.csv", "GET", self.people),
            ("fleet", "GET", self.fleet),
            ("fleet", "POST", self.fleet),
            ("save", "POST", self.save),
            ("reset", "POST", self.reset),
            ("shutdown", "POST", self.shutdown),
        ]
        return [Route(f"/control/{path}", sentences(handler), methods=[method]) for path, method, handler in table]

    async def status(self, request: Request) -> Response:
        clock = self._world.clock
        return JSONResponse(
            {
                "now": clock.now().isoformat(),
                "speed": clock.speed,
                "paused": clock.paused,
                "real": clock.real().isoformat(),
                "seed": self._world.ground.seed,
                "slots": self._world.ground.slots,
                "version": self._world.ground.version,
                "services": sorted(self._world.services),
            }
        )

    async def clock(self, request: Request) -> Response:
        """`speed` sets the clock running, `paused` stops or starts it, `advance_s` is answered when lived through."""
        wanted = await body(request)
        unknown = set(wanted) - {"speed", "paused", "pause", "advance_s"}
        if unknown:
            raise ValueError(f"The clock knows speed, paused and advance_s, not {', '.join(sorted(unknown))}.")
        clock = self._world.clock
        if "speed" in wanted:
            clock.set_speed(real(wanted, "speed"))
        if "paused" in wanted or "pause" in wanted:
            clock.pause(bool(wanted.get("paused", wanted.get("pause"))))
        if "advance_s" in wanted:
            clock.advance(real(wanted, "advance_s"))
            await self._world.lived_through(clock.now())
        self._world.ground.touch()
        return await self.status(request)

    async def counters(self, request: Request) -> Response:
        return JSONResponse(self._world.counters.listing())

    async def reset_counters(self, request: Request) -> Response:
        self._world.counters.restore({})
        return JSONResponse(self._world.counters.listing())

    async def faults(self, request: Request) -> Response:
        wanted = request.path_params.get("fault_id")
        listed = self._world.ground.faults.listing()
        if wanted is None:
            return JSONResponse(listed)
        found = [fault for fault in listed if fault["id"] == wanted]
        return JSONResponse(found[0]) if found else JSONResponse({"error": NOT_ARMED}, 404)

    async def arm(self, request: Request) -> Response:
        wanted = await body(request)
        if not isinstance(wanted.get("service"), str) or not isinstance(wanted.get("name"), str):
            raise ValueError("A fault needs a service and a name.")
        check_name(wanted["service"], wanted["name"])
        params = wanted.get("params") or {}
        if not isinstance(params, dict):
            raise ValueError("The params of a fault are an object.")
        fault_id = self._world.ground.faults.arm(
            wanted["service"],
            wanted["name"],
            operation=wanted.get("operation"),
            rate=real({"rate": 1.0, **wanted}, "rate"),
            count=None if wanted.get("count") is None else int(real(wanted, "count")),
            seconds=None if wanted.get("seconds") is None else real(wanted, "seconds"),
            params=params,
        )
        return JSONResponse({"id": fault_id}, 201)

    async def disarm(self, request: Request) -> Response:
        if not self._world.ground.faults.disarm(request.path_params.get("fault_id")):
            return JSONResponse({"error": NOT_ARMED}, 404)
        return Response(status_code=204)

    async def outbox(self, request: Request) -> Response:
        after, limit = number(request, "after", 0), number(request, "limit", 500)
        return JSONResponse(self._world.mail.outbox.after(after, limit))

    async def events(self, request: Request) -> Response:
        after, limit = number(request, "after", 0), number(request, "limit", 500)
        return JSONResponse(self._world.mail.events.after(after, limit))

    async def invitations(self, request: Request) -> Response:
        """Mails of the user pool of DeepRacer on AWS, with the temporary passwords, in pages like the outbox."""
        after, limit = number(request, "after", 0), number(request, "limit", 500)
        return JSONResponse(self._world.deepracer.invitations(after, limit))

    async def truth(self, request: Request) -> Response:
        return JSONResponse(self._world.truth())

    async def books(self, request: Request) -> Response:
        """Minutes of each profile of DeepRacer on AWS as that service's own books have them (`list_books`)."""
        site = self._world.deepracer.site
        return JSONResponse({"now": site.now(), "profiles": list_books(site)})

    async def capacity(self, request: Request) -> Response:
        """GET looks, POST changes the quotas of DeepRacer on AWS from now on, or at an event time `at` (ISO 8601)."""
        compute, now = self._world.deepracer.site.compute, self._world.clock.now()
        if request.method == "POST":
            wanted = await body(request)
            at = moment_in(wanted, "at", now)
            held = asdict(compute.capacity.quotas(at.timestamp()))
            unknown = set(wanted) - {*held, "at"}
            if unknown:
                raise ValueError(f"Capacity knows {', '.join([*held, 'at'])}, not {', '.join(sorted(unknown))}.")
            changed = {name: int(real(wanted, name)) for name in held if name in wanted}
            compute.capacity.change(at.timestamp(), Quotas(**(held | changed)))
            self._world.ground.touch()
        quotas = compute.capacity.quotas(now.timestamp())
        return JSONResponse({**asdict(quotas), "slots": quotas.slots, "in_use": compute.queue.busy})

    async def people(self, request: Request) -> Response:
        people = number(request, "n", 200)
        if people > MOST_PEOPLE:
            raise ValueError(f"At most {MOST_PEOPLE} people can be invented at once.")
        text = attendee_csv(people, number(request, "seed", 1))
        return PlainTextResponse(
            text, media_type="text/csv", headers={"Content-Disposition": "attachment; filename=people.csv"}
        )

    async def fleet(self, request: Request) -> Response:
        """GET looks, POST changes what racers are like from now on; both answer ``{"behaviour": {word: value},
        "racers": {state: how many}}``.

        The body of a POST names any members of `Behaviour`, which says what they mean and has the defaults.
        """
        fleet = self._world.fleet
        if self._world.services.get(fleet.name) is not fleet:
            return JSONResponse({"error": "This practice world has no fleet."}, 404)
        options = await body(request) if request.method == "POST" else {}
        answer = fleet.configure(options)
        self._world.ground.touch()
        return JSONResponse(answer)

    async def save(self, request: Request) -> Response:
        self._world.save()
        return Response(status_code=204)

    async def reset(self, request: Request) -> Response:
        self._world.reset()
        return Response(status_code=204)

    async def shutdown(self, request: Request) -> Response:
        self._world.ask_to_stop()
        return Response(status_code=202)


def sentences(handler: Handler) -> Handler:
    """Answer wrong values with a sentence."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except ValueError as wrong:
            return JSONResponse({"error": str(wrong)}, 400)

    return answered


async def body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    try:
        found = json.loads(raw) if raw else {}
    except json.JSONDecodeError:
        raise ValueError("The body of this request must be JSON.") from None
    if not isinstance(found, dict):
        raise ValueError("The body of this request must be a JSON object.")
    return found


def real(wanted: dict[str, Any], name: str) -> float:
    value = wanted[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} is a number.")
    return float(value)


def moment_in(wanted: dict[str, Any], name: str, now: datetime) -> datetime:
    """A moment that is not over; now when none is given."""
    if name not in wanted:
        return now
    try:
        found = datetime.fromisoformat(str(wanted[name]))
    except ValueError:
        raise ValueError(f"{name} is a time as 2026-03-10T09:00:00+00:00.") from None
    if found.tzinfo is None:
        raise ValueError(f"{name} needs a time zone.")
    return max(found, now)


def number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdigit():
        raise ValueError(f"{name} is a whole number of zero or more.")
    return int(text)

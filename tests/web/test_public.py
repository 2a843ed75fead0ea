"""The public listener: what a signed link shows, to whom, with which headers; in Chromium where there is one."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import segno
import uvicorn
from playwright.sync_api import Browser, expect

from deepracer_admin.compose import Console
from deepracer_admin.model import Attendee, Event, ModelJobs, Profile, Race, RaceDraft, Standing
from deepracer_admin.records.portal import PORTAL
from deepracer_admin.records.waves import WAVES
from deepracer_admin.rules.waves import Waves
from deepracer_admin.store import ProfileLink
from deepracer_admin.web import public
from deepracer_admin.web.public import public_app
from tests.pages.conftest import NOW, Role, actor_of, clock, console, event, people, profiles  # noqa: F401

ORGANIZER = actor_of(Role.ORGANIZER)
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request has its own snapshot."""
    monkeypatch.setattr(public, "FRESH_S", 0.0)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot stays as long as the test."""
    monkeypatch.setattr(public, "FRESH_S", 3600.0)


@pytest.fixture
def client(console: Console, event: Event, people: object) -> Iterator[httpx.Client]:  # noqa: F811
    """The listener over a race with three results, one of them with a hostile alias."""
    console.store.save_event(replace(event, public_url="http://board.example.com"))
    draft = RaceDraft("Cup", "t-1", NOW - timedelta(minutes=50), NOW + timedelta(days=1))
    console.store.save_races(event.id, [Race("r-1", draft, participants=3)], seen_at=NOW, lease=None)
    standings(console, event, [("racer-1", 9_000), (HOSTILE, 10_250), ("racer-2", 61_000)])
    server = uvicorn.Server(uvicorn.Config(public_app(console.first.boards), log_config=None, lifespan="off"))
    listening = socket.create_server(("127.0.0.1", 0))  # whoever calls before the server answers is kept waiting
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with httpx.Client(base_url=address, trust_env=False, timeout=300) as made:
        yield made
    server.should_exit = True
    thread.join(300)


def standings(console: Console, event: Event, rows: list[tuple[str, int]]) -> None:  # noqa: F811
    listed = [Standing(place, alias, score) for place, (alias, score) in enumerate(rows, start=1)]
    console.history.save_standings(event.id, "r-1", console.clock.event_now(), listed)


def path_of(console: Console, **options: object) -> str:  # noqa: F811
    link = console.first.boards.make_link(ORGANIZER, str(options.pop("race", "r-1")), **options)  # type: ignore[arg-type]
    return link.address.removeprefix("http://board.example.com")


def test_a_link_shows_the_board_and_no_person(client, console):  # noqa: F811
    answer = client.get(path_of(console) + ".json")
    assert [row["a"] for row in answer.json()["rows"]] == ["racer-1", HOSTILE, "racer-2"]
    assert [row["g"] for row in answer.json()["rows"]] == ["", "+1.250", "+52.000"]
    assert "example.com" not in answer.text
    assert "Racer 1" not in answer.text
    assert "at-1" not in answer.text


def test_a_board_tells_whose_turn_it_is_while_hours_come_in_rounds(client, console, event):  # noqa: F811
    path = path_of(console) + ".json"
    assert "round" not in client.get(path).json()["window"]
    console.store.update(event.id, WAVES, lambda _: Waves(on=True, minutes=60, round=2, began_at=NOW))
    told = client.get(path_of(console) + ".json").json()["window"]
    assert told.endswith("· round 2: whoever has trained less than 120 min has their turn")


def test_a_screen_changes_at_its_next_question(client, console):  # noqa: F811
    path = path_of(console)
    link_id = path.rpartition("/")[2].partition(".")[0]
    assert client.get(path + ".json").json()["scene"] == "board"
    console.first.boards.show(ORGANIZER, link_id, scene="countdown", race_id="r-1")
    counts = client.get(path + ".json").json()
    left_s = (counts["countdown"]["at"] - NOW.timestamp()) * counts["countdown"]["speed"]
    assert (counts["scene"], counts["status"], round(left_s / 3600)) == ("countdown", "open", 24)
    assert counts["countdown"]["words"].startswith("until the race closes")
    assert "racer-1" not in str(counts)
    console.first.boards.show(ORGANIZER, link_id, scene="text", text=HOSTILE)
    assert client.get(path + ".json").json()["text"] == HOSTILE


def test_a_countdown_stands_where_event_time_stands_and_says_when_it_is_over(client, console, clock):  # noqa: F811
    path = path_of(console, scene="countdown")
    clock.factor = 0.0
    assert client.get(path + ".json").json()["countdown"]["left_s"] == 24 * 3600
    clock.at = NOW + timedelta(days=2)
    path = path_of(console, scene="countdown", hours=999)
    over = client.get(path + ".json").json()
    assert (over["status"], over["countdown"]["left_s"]) == ("closed", 0)
    assert over["countdown"]["words"].startswith("closed since")


def test_the_first_ten_over_time_are_sent_as_lines_and_no_person(client, console, event):  # noqa: F811
    console.history.save_standings(event.id, "r-1", NOW - timedelta(minutes=9), [Standing(1, "racer-2", 70_000)])
    answer = client.get(path_of(console, scene="progress") + ".json")
    told = answer.json()
    assert [line["a"] for line in told["progress"]] == ["racer-1", HOSTILE, "racer-2"]
    assert told["progress"][2]["points"][0] == [int(NOW.timestamp()) - 540, 70_000]
    assert told["span"] == [int(NOW.timestamp()) - 540, int(NOW.timestamp())]
    assert told["counts"] == "Total time"
    assert "example.com" not in answer.text


def test_slots_by_themselves(client, console, profiles):  # noqa: F811
    told = client.get(path_of(console, race="", scene="slots") + ".json").json()
    assert [entry["label"] for entry in told["numbers"]] == ["queued and running", "training hours used"]
    jobs = {profiles[0].id: ModelJobs(running=2, queued=1, waiting=3)}
    console.history.add_usage("ev-1", NOW + timedelta(minutes=1), profiles, jobs=jobs, slots=8)
    told = client.get(path_of(console, race="", scene="slots", hours=2) + ".json").json()
    assert [(entry["label"], entry["value"]) for entry in told["numbers"][:3]] == [
        ("slots in use", f"2 of {console.store.event('ev-1').slots}"),
        ("in the queue", "1"),
        ("waiting for a slot", "3"),
    ]
    assert [line["title"] for line in told["lines"]] == ["Slots in use over time"]


@pytest.mark.parametrize(("address", "coded"), [("http://board.example.com", True), ("http://127.0.0.1:8502", False)])
def test_where_to_register_is_a_code_where_a_phone_can_come_from_it(client, console, address, coded):  # noqa: F811
    console.store.update("ev-1", PORTAL, lambda each: replace(each, open=True))
    path = path_of(console, race="", scene="join")
    console.store.amend_event("ev-1", lambda each: replace(each, public_url=address))
    told = client.get(path + ".json").json()
    assert told["join"] == f"{address}/register/ev-1"
    made = segno.make(told["join"], error="m", micro=False).matrix
    assert told["code"] == (["".join(str(int(bool(each))) for each in row) for row in made] if coded else [])
    assert ("<svg" in client.get(path).text) is coded


def test_the_sponsors_picture_comes_as_it_was_given_and_as_nothing_else(client, console):  # noqa: F811
    file = b"\x89PNG\r\n\x1a\n<script>alert(1)</script>"
    console.first.boards.set_logo(ORGANIZER, file)
    path = path_of(console, race="", scene="sponsors")
    assert client.get(path + ".json").json()["logo"]
    answer = client.get(path + "/logo")
    assert (answer.content, answer.headers["content-type"]) == (file, "image/png")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "img-src 'self'" in client.get(path).headers["content-security-policy"]
    assert client.get(path_of(console) + "/logo").status_code == 404


def test_a_screen_that_was_answered_was_seen(client, console):  # noqa: F811
    path = path_of(console)
    assert console.first.boards.links(ORGANIZER)[0].seen_s is None
    client.get(path[:-1] + ("0" if path[-1] != "0" else "1") + ".json")
    assert console.first.boards.links(ORGANIZER)[0].seen_s is None
    client.get(path + ".json")
    assert console.first.boards.links(ORGANIZER)[0].seen_s is not None


def test_the_usage_scene_has_totals_and_no_person(client, console, profiles):  # noqa: F811
    answer = client.get(path_of(console, race="", scene="usage") + ".json")
    assert [entry["label"] for entry in answer.json()["numbers"]] == [
        "racers active",
        "training hours used",
        "queued and running",
        "spend (estimate)",
    ]
    assert answer.json()["numbers"][0]["value"] == "4"
    assert "racer-" not in answer.text
    assert "example.com" not in answer.text


def test_the_usage_scene_shows_slots_and_offices_and_none_that_is_a_person(client, console, event):  # noqa: F811
    """Offices of one or two would tell the hours of a person; they count among all others."""
    offices = ["Milano"] * 3 + ["Roma"] * 4 + ["Torino", ""]
    crowd = [
        Attendee(f"at-{n}", f"racer{n}@example.com", name=f"Racer {n}", alias=f"racer-{n}", office=office)
        for n, office in enumerate(offices)
    ]
    made = [Profile(f"pr-{n}", f"racer-{n}", minutes_used=60.0) for n in range(len(crowd))]
    console.store.save_attendees(event.id, crowd)
    console.store.save_profiles(event.id, made, seen_at=NOW, lease=None)
    console.store.link(event.id, [ProfileLink(f"at-{n}", f"pr-{n}", "created", NOW) for n in range(len(crowd))])
    jobs = {"pr-0": ModelJobs(running=2, waiting=3)}
    for minutes in (10, 0):
        console.history.add_usage(event.id, NOW - timedelta(minutes=minutes), made, jobs=jobs)
    answer = client.get(path_of(console, race="", scene="usage") + ".json")
    shown = answer.json()
    assert [(office["n"], office["v"]) for office in shown["offices"]] == [
        ("Roma", "4.0 h"),
        ("Milano", "3.0 h"),
        ("all others", "2.0 h"),
    ]
    assert shown["numbers"][2]["value"] == "2 of 8"
    assert "3 models wait" in shown["numbers"][2]["note"]
    assert [line["title"] for line in shown["lines"]] == ["Estimated spend over time, USD", "Slots in use over time"]
    assert [point[1] for point in shown["lines"][1]["points"]] == [2.0, 2.0]
    assert not [word for word in ("Torino", "racer-", "Racer ", "example.com") if word in answer.text]


@pytest.mark.parametrize("ending", ["", ".json"])
@pytest.mark.parametrize(
    "token", ["x", "a.b", "AAAA." + "0" * 32, "AAAA.0" * 30, "%00." + "0" * 32, "ü." + "0" * 32, ".." + "0" * 32]
)
def test_a_forged_link_is_refused(client, token, ending):
    answer = client.get(f"/live/{token}{ending}")
    assert answer.status_code in (403, 404)
    assert "Ask the organizers" in answer.text or "link that the organizers gave you" in answer.text


def test_a_signature_of_one_link_opens_no_other(client, console):  # noqa: F811
    first, second = path_of(console), path_of(console)
    mixed = first.split(".")[0] + "." + second.split(".")[-1]
    assert client.get(mixed).status_code == 403


def test_an_expired_link_is_refused(client, console, clock):  # noqa: F811
    path = path_of(console, hours=1.0)
    clock.at = NOW + timedelta(hours=1, seconds=1)
    assert client.get(path).status_code == 403
    assert "expired" in client.get(path + ".json").json()["refused"]


def test_a_withdrawn_link_dies_within_the_two_seconds_of_a_snapshot(anew, client, console):  # noqa: F811
    path = path_of(console)
    assert client.get(path + ".json").status_code == 200
    console.first.boards.revoke_link(ORGANIZER, path.removeprefix("/live/").split(".")[0])
    assert client.get(path + ".json").status_code == 403
    assert "withdrawn" in client.get(path).text


def test_a_race_that_is_gone_is_a_plain_page(client, console, event):  # noqa: F811
    path = path_of(console)
    console.store.save_races(event.id, [], seen_at=NOW, lease=None)
    assert client.get(path).status_code == 404


def test_many_screens_cost_one_reading(kept, client, console, monkeypatch):  # noqa: F811
    path, asked, genuine = path_of(console), [], console.first.boards.screen
    monkeypatch.setattr(type(console.first.boards), "screen", lambda self, token: asked.append(token) or genuine(token))
    assert {client.get(path + ".json").status_code for _ in range(30)} == {200}
    assert len(asked) == 1


def test_an_unchanged_board_needs_no_bytes(anew, client, console, event):  # noqa: F811
    path = path_of(console) + ".json"
    etag = client.get(path).headers["etag"]
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    standings(console, event, [("racer-2", 8_000), ("racer-1", 9_000)])
    assert client.get(path, headers={"If-None-Match": etag}).json()["rows"][0]["a"] == "racer-2"


def test_hidden_and_disqualified_aliases_never_reach_a_screen(anew, client, console):  # noqa: F811
    path = path_of(console) + ".json"
    ids = {entry.racer: entry.id for entry in console.first.boards.entries(ORGANIZER, "r-1")}
    console.first.boards.hide(ORGANIZER, "r-1", ids["racer-1"], hidden=True)
    console.first.boards.disqualify(ORGANIZER, "r-1", ids[HOSTILE], reason="no name for a screen")
    answer = client.get(path)
    assert [row["a"] for row in answer.json()["rows"]] == ["Racer 1", "racer-2"]
    assert "img" not in answer.text


def test_a_held_board_does_not_move(anew, client, console, event, clock):  # noqa: F811
    path = path_of(console) + ".json"
    console.first.boards.freeze(ORGANIZER, "r-1", frozen=True)
    clock.at = NOW + timedelta(minutes=5)
    standings(console, event, [("racer-2", 8_000)])
    content = client.get(path).json()
    assert len(content["rows"]) == 3
    assert content["held"].startswith("board held since")


def test_the_page_allows_its_own_script_and_style_by_hash_and_nothing_else(client, console):  # noqa: F811
    answer = client.get(path_of(console))
    policy = answer.headers["content-security-policy"]
    for tag in ("script", "style"):
        [text] = re.findall(f"<{tag}>(.*?)</{tag}>", answer.text, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert " style=" not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


def test_an_event_name_cannot_write_markup_into_the_page(client, console, event):  # noqa: F811
    console.store.save_event(replace(console.store.event(event.id), name="</title><script>alert(1)</script>"))
    assert "<script>alert" not in client.get(path_of(console)).text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(client, console, method):  # noqa: F811
    assert client.request(method, path_of(console)).status_code == 405


def test_no_name_becomes_a_link_on_a_board(client, console, event):  # noqa: F811
    standings(console, event, [("Visit http://evil.example", 9_000), ("www.evil.com", 10_000)])
    path = path_of(console)
    page = client.get(path).text
    assert 'name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no"' in page
    assert not re.search(r"innerHTML|insertAdjacentHTML|outerHTML|document\.write|[\"']a[\"'],|\.href|<a ", page)
    told = [row["a"] for row in client.get(f"{path}.json").json()["rows"]]
    assert told == ["Visit http://evil.example", "www.evil.com"], "as text, which the page only ever sets as text"


def test_nothing_else_answers(client):
    for path in ("/", "/live", "/live/", "/signin", "/_stcore/health", "/live/../signin"):
        assert client.get(path).status_code == 404


# ------------------------------------------------------------------------------------------------------ in a browser


@pytest.mark.e2e
def test_a_screen_shows_hostile_aliases_as_text_follows_and_says_when_it_is_offline(
    client,
    console,  # noqa: F811
    event,  # noqa: F811
    browser: Browser,
):
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(str(client.base_url).rstrip("/") + path_of(console))
    expect(page.locator(".row .alias").nth(2)).to_have_text(HOSTILE)
    assert page.locator("main img").count() == 0
    standings(console, event, [("newcomer", 8_000), ("racer-1", 9_000)])
    expect(page.locator(".row.flash .alias")).to_have_text("newcomer", timeout=60_000)
    assert not complaints
    page.context.set_offline(True)
    expect(page.locator("#state")).to_contain_text("offline since", timeout=60_000)
    expect(page.locator(".row .alias").nth(1)).to_have_text("newcomer")
    page.context.set_offline(False)
    expect(page.locator("#state")).to_have_text("● live", timeout=60_000)
    page.close()


def test_the_stylesheet_never_goes_below_the_size_that_a_room_can_read():
    style = (Path(public.__file__).parent / "live" / "screen.css").read_text(encoding="utf-8")
    projector = style.partition("@media (max-width")[0]
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)vh", projector)]
    assert len(sizes) > 10
    assert min(sizes) >= 2.4


def test_a_snapshot_stays_small_with_ten_thousand_racers(client, console, event):  # noqa: F811
    standings(console, event, [(f"racer-{number}", 9_000 + number) for number in range(10_000)])
    answer = client.get(path_of(console) + ".json")
    assert len(json.loads(answer.text)["rows"]) == 500
    assert answer.json()["total"] == 10_000
    assert len(answer.content) < 45_000


def test_find_me_finds_whoever_stands_beyond_the_places_that_are_sent(client, console, event):  # noqa: F811
    standings(console, event, [(f"racer-{number}", 9_000 + number) for number in range(1, 1_701)])
    link = path_of(console)

    def find(name: str) -> dict[str, Any]:
        return client.get(f"{link}/find.json", params={"name": name}).raise_for_status().json()

    mine = find("RÁCER-1700")
    assert mine["total"] == 1
    assert (mine["rows"][0]["p"], mine["rows"][0]["a"]) == (1_700, "racer-1700")
    assert set(mine["rows"][0]) == {"p", "a", "s", "g", "c", "ms", "i"}
    many = find("racer-")
    assert (len(many["rows"]), many["total"]) == (20, 1_200)
    assert find("racer-1")["rows"][0]["p"] == 1_000, "the places that were sent are looked through by the phone"
    assert find("r") == find("") == find("nobody at all") == {"rows": [], "total": 0}
    assert len(client.get(f"{link}/find.json?name={'x' * 5_000}").raise_for_status().json()["rows"]) == 0


def test_find_me_follows_the_board_and_names_nobody_who_is_hidden(client, console, event, monkeypatch):  # noqa: F811
    monkeypatch.setattr(public, "FRESH_S", 0.0)
    standings(console, event, [(f"racer-{number}", 9_000 + number) for number in range(1, 701)])
    link = path_of(console)
    found = client.get(f"{link}/find.json?name=racer-600").json()
    assert found["total"] == 1
    boards = console.first.boards
    ids = {entry.racer: entry.id for entry in boards.entries(ORGANIZER, "r-1")}
    boards.hide(ORGANIZER, "r-1", ids["racer-600"], hidden=True)
    boards.disqualify(ORGANIZER, "r-1", ids["racer-650"], reason="two cars")
    assert client.get(f"{link}/find.json?name=racer-600").json()["total"] == 0
    assert client.get(f"{link}/find.json?name=racer-650").json()["total"] == 0
    moved = client.get(f"{link}/find.json?name=racer-651").json()["rows"]
    assert [(row["a"], row["p"]) for row in moved] == [("racer-651", 650)]
    boards.revoke_link(ORGANIZER, boards.links(ORGANIZER)[0].id)
    assert client.get(f"{link}/find.json?name=racer-601").status_code == 403


def test_a_rude_name_reaches_no_screen_and_is_not_found(client, console, event, monkeypatch):  # noqa: F811
    monkeypatch.setattr(public, "FRESH_S", 0.0)
    names = [f"racer-{number}" for number in range(1, 701)]
    names[1], names[600] = "Sh1tStorm", "Wh0re"
    standings(console, event, [(name, 9_000 + place) for place, name in enumerate(names)])
    link = path_of(console)
    answer = client.get(f"{link}.json").raise_for_status()
    assert "Sh1tStorm" not in answer.text
    assert answer.json()["rows"][1]["a"] == "Racer 2"
    assert client.get(f"{link}/find.json?name=wh0re").json()["total"] == 0
    assert [row["a"] for row in client.get(f"{link}/find.json?name=Racer 601").json()["rows"]] == ["Racer 601"]


def test_two_racers_of_one_name_are_two_and_keep_their_own_line(client, console, event):  # noqa: F811
    def same(*scores: tuple[str, int]) -> list[dict[str, object]]:
        rows = [Standing(place, "RacerAlias", score, profile_id=key) for place, (key, score) in enumerate(scores, 1)]
        console.history.save_standings(event.id, "r-1", console.clock.event_now(), rows)
        return client.get(path_of(console) + ".json").json()["rows"]

    before = same(("pr-1", 9_000), ("pr-2", 9_500))
    assert len({row["i"] for row in before}) == 2
    after = same(("pr-2", 8_000), ("pr-1", 9_000))
    assert [row["i"] for row in after] == [before[1]["i"], before[0]["i"]]
    assert "pr-1" not in json.dumps(after)


@pytest.mark.e2e
def test_a_phone_shows_four_hundred_of_four_hundred(client, console, event, browser: Browser):  # noqa: F811
    standings(console, event, [(f"racer-{number}", 9_000 + number) for number in range(400)])
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(str(client.base_url).rstrip("/") + path_of(console))
    expect(page.locator(".row .place").last).to_have_text("400", timeout=30_000)
    assert page.locator(".row:not(.head)").count() == 400
    expect(page.locator("#paging")).to_have_text("400 racers")
    page.get_by_role("searchbox", name="Find me").fill("RACER-399")
    expect(page.locator(".row:not(.head)")).to_have_count(1)
    expect(page.locator(".row .place").last).to_have_text("400")
    page.get_by_role("searchbox", name="Find me").fill("nobody at all")
    expect(page.locator(".wait")).to_have_text("Nobody of that name is on the board yet.")
    page.get_by_role("searchbox", name="Find me").fill("")
    expect(page.locator(".row:not(.head)")).to_have_count(400)
    line = page.locator(".row:not(.head)").nth(399).element_handle()
    for _ in range(2):
        with page.expect_response(lambda answer: answer.url.endswith(".json"), timeout=60_000):
            pass
    assert line is not None
    assert line.evaluate("line => line.isConnected"), "an unchanged list is not drawn anew under a finger"
    page.close()


@pytest.mark.e2e
def test_a_phone_finds_whoever_stands_in_place_1700(client, console, event, browser: Browser):  # noqa: F811
    standings(console, event, [(f"racer-{number}", 9_000 + number) for number in range(1, 1_701)])
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(str(client.base_url).rstrip("/") + path_of(console))
    expect(page.locator("#paging")).to_have_text("the first 500 of 1,700 racers", timeout=30_000)
    search = page.get_by_role("searchbox", name="Find me")
    search.fill("Racer-1700")
    expect(page.locator(".row .place").last).to_have_text("1700", timeout=30_000)
    expect(page.locator("#paging")).to_have_text("1 of 1,700 racers")
    search.fill("nobody at all")
    expect(page.locator(".wait")).to_have_text("Nobody of that name is on the board yet.", timeout=30_000)
    page.close()

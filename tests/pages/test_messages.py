"""The Messages page on a seeded event."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.model import Attendee, Outcome, Role, Sending, State, Step
from deepracer_admin.records.campaigns import CAMPAIGNS, Audience, Campaign, CampaignState
from deepracer_admin.records.mail_texts import MAIL_TEXTS
from deepracer_admin.services.people.list_query import PAGE_ROWS
from deepracer_admin.ui.kit import session
from deepracer_admin.web.drawn_mails import DRAWN
from tests.pages.conftest import NOW, actor_of, answer, click, texts
from tests.ui.choosing import shown, tick

PAGE = "pages/run/messages.py"
SEND = {"send-mail": True}


@pytest.fixture
def proven(console, event, people):
    """Two people whose access is proven, and a portal to send them to."""
    console.store.save_event(replace(event, portal_url="https://portal.example.com"))
    done = [Outcome(f"at-{number}", Step.ACCESS, State.DONE) for number in (1, 2)]
    console.store.record(event.id, done, lease=None, now=NOW)
    return people


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.FACILITATOR])
def test_those_who_run_the_event_see_campaigns(browser, people, role):
    assert "No campaign yet" in texts(browser.open(PAGE, role))


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_others_are_refused(browser, people, role):
    app = browser.open(PAGE, role)
    assert app.error
    assert "No campaign yet" not in texts(app)


def test_a_facilitator_cannot_send_to_many_nor_open_the_outbox(browser, proven):
    app = browser.open(PAGE, Role.FACILITATOR, state=SEND)
    assert not [button for button in app.button if button.key == "send-go"]
    assert "Outbox" not in app.segmented_control[0].options


def test_whom_a_mail_reaches_is_said_before_it_is_sent(browser, console, event, proven):
    app = browser.open(PAGE, state=SEND)
    assert "Reaches **2 people**: Racer 1 and Racer 2" in texts(app)
    app = click(app, "send-go")
    assert not console.store.rows(event.id, CAMPAIGNS)
    assert "- **2 people**: Racer 1 and Racer 2" in texts(app)
    answer(app, "send-go")
    [campaign] = console.store.rows(event.id, CAMPAIGNS).values()
    assert campaign.state == "running"


def test_what_is_sent_later_says_that_it_goes_to_whoever_is_there_then(browser, console, event, proven):
    app = browser.open(PAGE, state=SEND)
    app.checkbox(key="send-later").check().run()
    assert "It goes to whoever is in that audience at that time; the names above are of now." in texts(app)
    answer(app, "send-go")
    [campaign] = console.store.rows(event.id, CAMPAIGNS).values()
    assert (campaign.state, campaign.people) == ("scheduled", ())


def test_what_is_sent_by_the_event_says_by_what_and_that_it_is_cancelled_when_that_moves(
    browser, console, event, proven
):
    app = browser.open(PAGE, state=SEND)
    app.checkbox(key="send-later").check().run()
    app.segmented_control(key="send-when").set_value("By the event").run()
    app.selectbox(key="send-anchor").set_value("ends").run()
    assert "It is cancelled, and says so, when that moves." in texts(app)
    answer(app, "send-go")
    [campaign] = console.store.rows(event.id, CAMPAIGNS).values()
    assert campaign.relative is not None
    assert campaign.schedule_at == campaign.relative.at == event.ends_at - timedelta(hours=2)
    assert "2 h before the event ends" in texts(browser.open(PAGE, state=SEND))


def test_what_is_to_go_later_at_no_time_that_holds_never_goes_at_once(browser, console, event, proven):
    app = browser.open(PAGE, state=SEND)
    app.checkbox(key="send-later").check().run()
    app.segmented_control(key="send-when").set_value("By the event").run()
    app.selectbox(key="send-anchor").set_value("starts").run()
    assert "That moment is past" in texts(app)
    button = next(button for button in app.button if button.key == "send-go")
    assert (button.label, button.disabled) == ("Schedule it …", True)


def test_everybody_without_proof_needs_a_reason(browser, console, event, proven):
    app = browser.open(PAGE, state=SEND)
    app.selectbox(key="send-kind").set_value("all").run()
    assert "write the reason, 10 characters or more" in texts(app)
    assert next(button for button in app.button if button.key == "send-go").disabled
    app.text_input(key="send-reason").input("Maria asked").run()
    assert "write the reason" not in texts(app)
    answer(app, "send-go")
    assert len(console.store.rows(event.id, CAMPAIGNS)) == 1


def test_a_campaign_is_paused_and_resumed(browser, console, event, proven):
    app = answer(browser.open(PAGE, state=SEND), "send-go")
    click(app, "Pause")
    assert [row.state for row in console.store.rows(event.id, CAMPAIGNS).values()] == ["paused"]
    click(app.run(), "Resume")
    assert [row.state for row in console.store.rows(event.id, CAMPAIGNS).values()] == ["running"]


def test_an_edit_is_a_new_version(browser, console, event, people):
    app = browser.open(PAGE, state={"section": "Templates"})
    field = next(entry for entry in app.text_input if entry.label == "Subject")
    field.set_value("Welcome to {event}")
    click(app, "Save as a new version")
    [saved] = console.store.rows(event.id, MAIL_TEXTS).values()
    assert (saved.subject, saved.version) == ("Welcome to {event}", 2)


def test_an_unknown_placeholder_is_refused(browser, console, event, people):
    app = browser.open(PAGE, state={"section": "Templates"})
    next(entry for entry in app.text_input if entry.label == "Subject").set_value("Hello {nmae}")
    click(app, "Save as a new version")
    assert "is no placeholder" in texts(app)
    assert not console.store.rows(event.id, MAIL_TEXTS)


def test_a_lost_answer_is_counted_and_stays_until_a_human_settles_it(browser, console, event, people):
    console.store.plan_deliveries(event.id, [("at-1", "access", 1)], campaign="access", lease=None)
    lease = console.store.acquire("worker", "test", ttl_s=60, now=NOW)
    [row] = console.store.claim_deliveries(event.id, "access", 1, lease=lease, now=NOW)
    console.store.settle_deliveries(event.id, [replace(row, state=Sending.UNKNOWN)], lease=lease, now=NOW)
    app = browser.open(PAGE, state={"section": "Every mail"})
    assert "1 lost answer to settle by hand" in texts(app)
    console.first.messages.settle_unknown(actor_of(Role.ORGANIZER), "at-1", "access", 1, as_="again")
    assert [entry.state for entry in console.store.deliveries(event.id)] == [Sending.PENDING]


def test_the_access_campaign_follows_onboarding_once_everybody_has_their_mail(browser, console, event, proven):
    running = Campaign("access", 1, Audience("proven"), CampaignState.RUNNING)
    console.store.change_rows(event.id, CAMPAIGNS, lambda _: {"access": running})
    console.store.plan_deliveries(event.id, [("at-1", "access", 1)], campaign="access", lease=None)
    assert "sending" in texts(browser.open(PAGE, state=SEND))
    lease = console.store.acquire("worker", "one", ttl_s=30, now=NOW)
    [mail] = console.store.claim_deliveries(event.id, "access", 1, lease=lease, now=NOW)
    console.store.settle_deliveries(event.id, [replace(mail, state=Sending.SENT)], lease=lease, now=NOW)
    shown = texts(browser.open(PAGE, state=SEND))
    assert "follows onboarding, all sent" in shown
    assert "sending" not in shown


def test_a_lost_mail_goes_once_more_to_the_one_who_was_chosen(browser, console, event, people):
    """Another mail changed meanwhile and stands first now."""
    plan = [("at-1", "access", 1), ("at-2", "access", 1), ("at-3", "access", 1)]
    console.store.plan_deliveries(event.id, plan, campaign="access", lease=None)
    lease = console.store.acquire("worker", "test", ttl_s=600, now=NOW)
    rows = console.store.claim_deliveries(event.id, "access", 3, lease=lease, now=NOW)
    for seconds, row in enumerate(rows[:2]):
        lost = replace(row, state=Sending.UNKNOWN)
        console.store.settle_deliveries(event.id, [lost], lease=lease, now=NOW + timedelta(seconds=seconds))
    app = browser.open(PAGE, state={"section": "Every mail"})
    assert shown(app, "Name") == ["Racer 2", "Racer 1", "Racer 3"]
    tick(app, "ledger", "at-2/access/1")
    third = replace(rows[2], state=Sending.UNKNOWN)
    console.store.settle_deliveries(event.id, [third], lease=lease, now=NOW + timedelta(seconds=60))
    app.run()
    assert shown(app, "Name") == ["Racer 3", "Racer 2", "Racer 1"]
    click(app, "settle-again")
    states = {row.attendee: row.state for row in console.store.deliveries(event.id)}
    assert states == {"at-1": Sending.UNKNOWN, "at-2": Sending.PENDING, "at-3": Sending.UNKNOWN}


def test_of_many_mails_a_page_is_sent_and_the_search_finds_the_others(browser, console, event, people):
    many = [Attendee(f"at-m{n}", f"m{n}@example.com", f"Many {n:03}", f"many-{n}") for n in range(120)]
    console.store.save_attendees(event.id, many)
    plan = [(person.id, "access", 1) for person in many]
    console.store.plan_deliveries(event.id, plan, campaign="access", lease=None)
    app = browser.open(PAGE, state={"section": "Every mail"})
    first = shown(app, "Name")
    assert len(first) == PAGE_ROWS
    assert "1 to 50 of 120 mails" in texts(app)
    app.number_input[0].set_value(3).run()
    assert len(shown(app, "Name")) == 20
    assert not {*first} & {*shown(app, "Name")}
    app.text_input("ledger-text").set_value("M77@example").run()
    assert shown(app, "Name") == ["Many 077"]
    app.text_input("ledger-text").set_value("nobody of them").run()
    assert "No such mail" in texts(app)


def test_an_announcement_is_made_chosen_offered_for_sending_and_taken_away(browser, console, event, proven):
    app = browser.open(PAGE, state={"section": "Templates"})
    app.text_input("announcement-title-0").input("Pizza at noon")
    app.text_input("announcement-subject-0").input("Pizza")
    app.text_area("announcement-body-0").input("Hello {name}, pizza is at noon.")
    click(app, "Keep this announcement")
    assert "Kept: Pizza at noon" in texts(app)
    assert app.selectbox("template-name").value == "note-pizza-at-noon"
    assert [entry.value for entry in app.text] == ["Hello Racer 1, pizza is at noon."]
    assert app.text_input("announcement-title-1").value == "", "ready for another one"
    assert "Pizza at noon" in browser.open(PAGE, state=SEND).selectbox("send-key").options
    click(app, "announcement-take-away")
    assert "Taken away: Pizza at noon" in texts(app)
    assert "Pizza at noon" not in app.selectbox("template-name").options
    assert not console.store.rows(event.id, MAIL_TEXTS)


def test_what_was_sent_is_listed_by_its_title_and_stays(browser, console, event, proven):
    made = console.first.announcements.make(actor_of(Role.ORGANIZER), "Pizza at noon", "Pizza", "At noon.")
    console.first.messages.send(actor_of(Role.ORGANIZER), made.key, Audience("proven"))
    console.store.plan_deliveries(event.id, [("at-1", made.key, 1)], campaign="camp", lease=None)
    assert "**Pizza at noon**" in texts(browser.open(PAGE, state=SEND))
    assert shown(browser.open(PAGE, state={"section": "Every mail"}), "Mail") == ["Pizza at noon, version 1"]
    app = browser.open(PAGE, state={"section": "Templates", "template-name": made.key})
    assert next(button for button in app.button if button.key == "announcement-take-away").disabled


def test_a_facilitator_makes_no_announcement(browser, console, event, proven):
    app = browser.open(PAGE, Role.FACILITATOR, state={"section": "Templates"})
    assert not [button for button in app.button if str(button.key).startswith("announcement")]


def test_a_mail_is_drawn_in_a_frame_of_this_session_and_never_in_the_page(browser, console, event, proven):
    app = browser.open(PAGE, state={"section": "Templates"})
    [frame] = app.get("iframe")
    assert frame.proto.src.startswith("/drawn-mail/")
    assert not frame.proto.srcdoc
    html = DRAWN.find(session.actor().session, frame.proto.src.rpartition("/")[2])
    assert html is not None
    assert "Racer 1" in html

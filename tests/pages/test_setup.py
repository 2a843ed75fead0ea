"""The Set up page: an event in one form, the check, the switch, hours per cohort, settings that travel."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.model import Account, Actor, Attendee, Capabilities, Event, Finding, JobState, Profile, Quota, Role
from deepracer_admin.records.calls import POSTS
from deepracer_admin.records.connect_check import CHECK, Checked
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.records.limits import SPONSORSHIP, Sponsorship
from deepracer_admin.records.prices import BILL, BillSeen
from deepracer_admin.records.racing_service import ACCOUNT, MODELS_SEEN, AccountSeen, ModelsSeen
from deepracer_admin.rules.alarms import Alarm
from deepracer_admin.rules.calls import Post, PostState, mail_target
from deepracer_admin.ui.kit.words import plain
from tests.pages.conftest import NOW, Browser, click, texts

PAGE = "pages/plan/setup.py"
PREFLIGHT, ALARMS, PRICES = {"setup-part": "Pre-flight"}, {"setup-part": "Alarms"}, {"setup-part": "Prices"}
SPONSORSHIP_PART, COHORTS = {"setup-part": "Sponsorship"}, {"setup-part": "Hours per cohort"}
STAFF_PART, OTHERS = {"setup-part": "Staff"}, {"setup-part": "Other events"}


def field(app: AppTest, label: str):
    """The one input with this label."""
    found = [each for kind in (app.text_input, app.number_input) for each in kind if each.label == label]
    assert len(found) == 1, f"{label!r} fits {len(found)}"
    return found[0]


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.VIEWER])
def test_others_than_organizers_are_refused_with_the_reason(browser: Browser, event: Event, role: Role) -> None:
    app = browser.open(PAGE, role)
    assert "You may not see the set-up" in texts(app)
    assert not app.text_input


def test_without_a_session_nothing_is_shown(browser: Browser, event: Event) -> None:
    app = browser.open(PAGE, None)
    assert "Your session has ended" in texts(app)
    assert not app.text_input


@pytest.mark.parametrize(("pattern", "hours"), [("day", 3.0), ("week", 5.0), ("fortnight", 10.0)])
def test_a_name_is_all_that_must_be_typed(browser: Browser, console: Console, pattern: str, hours: float) -> None:
    app = browser.open(PAGE)
    app.segmented_control[0].set_value(pattern).run()
    field(app, "Name").input("First Cup")
    click(app, "Create the event")
    assert not app.error
    made = console.first.events.event()
    assert made is not None
    assert (made.name, made.quota.minutes, made.head_count) == ("First Cup", int(hours * 60), 200)
    assert made.starts_at > NOW


def test_a_form_without_a_name_is_refused_by_the_field(browser: Browser, console: Console) -> None:
    app = click(browser.open(PAGE), "Create the event")
    assert "Name: give the event a name" in app.error[0].value
    assert console.first.events.event() is None


def test_saved_settings_are_on_the_event(browser: Browser, console: Console, event: Event) -> None:
    app = browser.open(PAGE)
    edit = [each for each in app.number_input if each.label == "Budget (USD)" and "edit" in each.key]
    edit[0].set_value(4321.0)
    click(app, "Save")
    assert console.store.event("ev-1").budget_usd == 4321.0
    assert not app.error


def test_a_wrong_sender_is_named_and_nothing_is_saved(browser: Browser, console: Console, event: Event) -> None:
    app = browser.open(PAGE)
    sender = [each for each in app.text_input if each.label == "Sender of our mail" and "edit" in each.key]
    sender[0].input("nobody")
    click(app, "Save")
    (error,) = [error.value for error in app.error]
    assert "'nobody' is no e\\-mail address; write one address" in error
    assert console.store.event("ev-1").sender == ""


def test_the_connect_check_is_planned_for_the_worker(browser: Browser, console: Console, event: Event) -> None:
    click(browser.open(PAGE, state=PREFLIGHT), "Run the pre-flight")
    assert [job.kind for job in console.store.jobs("ev-1", live=True)] == ["check"]


def test_findings_show_word_evidence_fix_and_age(browser: Browser, console: Console, event: Event) -> None:
    red = Finding("m", "Mail", "red", "No From address", "Give the sender")
    console.store.keep("ev-1", CHECK, Checked((red,), NOW))
    app = browser.open(PAGE, state=PREFLIGHT)
    shown = texts(app)
    assert "No From address" in shown
    assert "→ Give the sender" in shown
    assert "10:00:00 Europe/Rome (pre-flight)" in shown


def test_who_is_told_of_alarms_is_saved_tried_and_shown(browser: Browser, console: Console, event: Event) -> None:
    app = browser.open(PAGE, state=ALARMS)
    assert "No chat is set" in texts(app)
    assert next(each for each in app.button if each.key == "alarms-try").disabled
    app.text_area[0].set_value("olivia@example.com")
    click(app, "Save who is told")
    assert plain("1 address told by mail from now on.") in texts(app)
    click(app, "Try it")
    assert [job.kind for job in console.store.jobs("ev-1", live=True)] == ["alarm.try"]
    alarm = Alarm("budget", "Half is used", "It is.", "Look.", "Usage", since=NOW)
    post = Post(alarm, "mail", mail_target("olivia@example.com").key, state=PostState.UNKNOWN, changed_at=NOW)
    console.store.change_rows("ev-1", POSTS, lambda _: {post.key: post})
    shown = next(
        each.value for each in browser.open(PAGE, state=ALARMS).dataframe if "What was told" in each.value.columns
    )
    assert shown[["Alarm", "To", "State"]].values.tolist() == [["Half is used", "olivia@example.com", "? not known"]]


def test_opening_sponsorship_first_says_the_most_it_can_cost(
    browser: Browser, console: Console, event: Event, profiles: list[Profile]
) -> None:
    app = click(browser.open(PAGE, state=SPONSORSHIP_PART), "sponsor-open")
    assert "At most 876 USD if 200 people use everything" in texts(app)
    assert console.store.jobs("ev-1", kind="sponsorship") == []


def test_closing_sponsorship_needs_the_name_typed(
    browser: Browser, console: Console, event: Event, profiles: list[Profile]
) -> None:
    app = click(browser.open(PAGE, state=SPONSORSHIP_PART), "sponsor-close")
    assert "4 profiles of this event can start no new training or evaluation" in texts(app)
    go = next(button for button in app.button if button.key == "sponsor-close-go")
    assert go.disabled
    assert console.store.jobs("ev-1", kind="sponsorship") == []


def test_the_switch_shows_what_was_read_back(browser: Browser, console: Console, event: Event) -> None:
    said = Sponsorship(open=True, as_of=NOW, sentence="Sponsorship is open.")
    console.store.update("ev-1", SPONSORSHIP, lambda _: said)
    assert "Sponsorship is open" in texts(browser.open(PAGE, state=SPONSORSHIP_PART))


def test_cohort_hours_are_written_only_by_save(
    browser: Browser, console: Console, event: Event, people: list[Attendee]
) -> None:
    app = browser.open(PAGE, state=COHORTS)
    widget = next(table.proto.id for table in app.dataframe if "cohorts-ev-1" in table.proto.id)
    editor = widget[widget.index("cohorts-ev-1") :]
    app.session_state[editor] = {"edited_rows": {0: {"Hours": 8.0}}, "added_rows": [], "deleted_rows": []}
    app.run()
    assert console.store.event("ev-1").cohort_quotas == {}
    click(app, "Save the hours")
    assert list(console.store.event("ev-1").cohort_quotas.values()) == [Quota(480, 3)]


def test_settings_leave_without_secrets_or_ids_and_come_back_as_a_draft(
    console: Console, event: Event, organizer: Actor
) -> None:
    file = console.first.events.export_settings(organizer)
    assert {"id", "created_by"}.isdisjoint(json.loads(file))
    assert console.first.events.read_settings(organizer, file) == console.first.events.draft_of(event)


def test_an_event_is_created_from_a_settings_file(
    browser: Browser, console: Console, event: Event, organizer: Actor
) -> None:
    file = console.first.events.export_settings(organizer)
    console.store.update("", CURRENT_EVENT, lambda _: "")
    app = browser.open(PAGE)
    app.segmented_control[0].set_value("file").run()
    app.file_uploader[0].upload("settings.json", file).run()
    click(app, "Create the event")
    made = console.first.events.event()
    assert made is not None
    assert (made.id != "ev-1", made.name, made.budget_usd) == (True, "Autumn Cup", 1000.0)


def test_a_file_that_is_no_settings_file_is_refused_with_a_sentence(browser: Browser, console: Console) -> None:
    app = browser.open(PAGE)
    app.segmented_control[0].set_value("file").run()
    app.file_uploader[0].upload("settings.json", b'{"format": 1, "password": "x"}').run()
    assert "is no setting of an event" in app.error[0].value


def test_another_event_opens_first_and_the_tab_stays(browser: Browser, console: Console, event: Event) -> None:
    from dataclasses import replace

    console.store.save_event(replace(event, id="ev-2", name="Second Cup"))
    app = browser.open(PAGE, state=OTHERS)
    chooser = next(each for each in app.selectbox if each.label == "Opens first")
    chooser.set_value("ev-2").run()
    click(app, "event-first-save")
    assert (console.opens_first, app.query_params["event"]) == ("ev-2", "ev-1")


def test_the_service_says_what_it_can_do_and_what_it_allows(browser: Browser, console: Console, event: Event) -> None:
    said = Account(
        "AWS DeepRacer (managed)",
        region="us-east-1",
        account_quotas={"training jobs": 100, "models": -1},
        notes=("Know this.",),
    )
    console.store.keep("ev-1", ACCOUNT, AccountSeen("managed", said, Capabilities(multi_user_mode=True), NOW))
    shown = texts(browser.open(PAGE, state=PREFLIGHT))
    assert "training jobs: **100** for 200 people" in shown
    assert "models: **unlimited**" in shown
    assert "Whether the plan fits is being worked out" in shown


def test_cancelling_a_check_frees_the_way_for_the_next(browser: Browser, console: Console, event: Event) -> None:
    app = click(browser.open(PAGE, state=PREFLIGHT), "Run the pre-flight")
    job = console.store.jobs("ev-1", live=True)[0]
    app.run()
    click(app, f"setup-check-{job.id}-cancel")
    assert console.store.job(job.id).state is JobState.CANCELLED


def chooser_of_services(app: AppTest):
    """The racing service in the form that edits the event."""
    return next(each for each in app.selectbox if each.label == "Racing service" and "edit" in each.key)


def managed(console: Console, event: Event) -> None:
    from dataclasses import replace

    console.store.save_event(replace(event, service="managed"))


def test_the_racing_service_is_chosen_per_event_and_the_closed_one_is_named(
    browser: Browser, console: Console, event: Event
) -> None:
    app = browser.open(PAGE)
    assert "AWS closed the managed service with multi-user mode in December 2025: use DeepRacer on AWS" in texts(app)
    assert chooser_of_services(app).value == ""
    chooser_of_services(app).set_value("managed")
    click(app, "Save")
    assert not app.error
    assert console.store.event("ev-1").service == "managed"


def test_the_racing_service_stays_once_people_have_profiles(
    browser: Browser, console: Console, event: Event, profiles: list[Profile]
) -> None:
    app = browser.open(PAGE)
    chooser_of_services(app).set_value("managed")
    click(app, "Save")
    assert "4 people have a profile there already" in app.error[0].value
    assert "create another event for the other service" in app.error[0].value
    assert console.store.event("ev-1").service == ""


def test_the_managed_service_has_a_switch_called_multi_user_mode(
    browser: Browser, console: Console, event: Event
) -> None:
    managed(console, event)
    said = Sponsorship(open=True, as_of=NOW, sentence="It is on.")
    console.store.update("ev-1", SPONSORSHIP, lambda _: said)
    app = browser.open(PAGE, state=SPONSORSHIP_PART)
    assert "**Multi-user mode**" in texts(app)
    assert {"Turn on multi-user mode", "Turn off multi-user mode …"} <= {button.label for button in app.button}
    assert "through the profiles' limits" not in texts(app)


def test_turning_multi_user_mode_off_says_what_is_lost_sight_of_and_needs_the_name(
    browser: Browser, console: Console, event: Event, profiles: list[Profile]
) -> None:
    managed(console, event)
    console.store.keep("ev-1", MODELS_SEEN, ModelsSeen(7, 2, 4, NOW))
    app = click(browser.open(PAGE, state=SPONSORSHIP_PART), "sponsor-close")
    shown = texts(app)
    assert "4 profiles of this account lose access and vanish from this console" in shown
    assert "10.0 GB of storage keep billing" in shown
    assert "until they are deleted" in shown
    assert "Out of sight too" in shown
    assert "7 models vanish too, 2 of them at work now (as of 23 Nov 10:00:00" in shown
    go = next(button for button in app.button if button.key == "sponsor-close-go")
    assert go.disabled
    assert console.store.jobs("ev-1", kind="sponsorship") == []


def test_turning_multi_user_mode_off_with_nothing_left_is_quiet(
    browser: Browser, console: Console, event: Event
) -> None:
    managed(console, event)
    console.store.save_profiles("ev-1", [], seen_at=NOW, lease=None)
    shown = texts(click(browser.open(PAGE, state=SPONSORSHIP_PART), "sponsor-close"))
    assert "0 profiles of this account lose access" in shown
    assert "Out of sight" not in shown
    assert "storage keep billing" not in shown


def chooser_of_guests(app: AppTest):
    """The choice about strangers in the form that edits the event."""
    return next(each for each in app.selectbox if "not in the directory" in each.label and "edit" in str(each.key))


def test_strangers_are_refused_unless_guests_are_chosen(browser: Browser, console: Console, event: Event) -> None:
    from dataclasses import replace

    group = "00000000-0000-0000-0000-000000000001"
    console.store.save_event(replace(event, group_id=group, portal_url="https://racing.example.com"))
    app = browser.open(PAGE)
    assert chooser_of_guests(app).value == "refuse"
    chooser_of_guests(app).set_value("invite")
    click(app, "Save")
    assert not app.error
    assert console.store.event("ev-1").guests == "invite"
    entry = console.store.audit("ev-1", limit=1)[0]
    assert (entry.action, entry.before["guests"], entry.after["guests"]) == ("event.edit", "refuse", "invite")


def test_guests_without_a_group_are_refused_by_the_field(browser: Browser, console: Console, event: Event) -> None:
    app = browser.open(PAGE)
    chooser_of_guests(app).set_value("invite")
    click(app, "Save")
    assert "guests need the Entra group" in app.error[0].value
    assert console.store.event("ev-1").guests == "refuse"


def test_unlimited_hours_are_never_shown_as_a_number(browser, console, event):
    console.store.save_event(replace(event, quota=Quota(-1, -1)))
    quotas = {"compute minutes a month (not enforced)": -1, "models a month (not enforced)": 50}
    said = Account("DeepRacer on AWS", "1.1", "us-east-1", account_quotas=quotas)
    console.store.keep(event.id, ACCOUNT, AccountSeen("on_aws", said, as_of=NOW))
    said = texts(browser.open(PAGE, state=PREFLIGHT)) + texts(
        click(browser.open(PAGE, state=SPONSORSHIP_PART), "sponsor-open")
    )
    assert "compute minutes a month (not enforced)" in said.replace("\\", "")
    assert said.count("**unlimited**") == 1
    assert "New profiles get unlimited hours and unlimited models each" in said
    assert "At most no upper limit" not in said
    assert "There is no upper limit to what it can cost" in said
    assert "**-1**" not in said
    assert "-0.0" not in said


def test_who_the_console_is_at_the_service_is_said_and_a_worker_elsewhere_too(
    browser: Browser, console: Console, event: Event
) -> None:
    app = browser.open(PAGE, state=PREFLIGHT)
    assert f"Signs in as **{plain('console@example.com')}** of the practice world" in texts(app)
    assert "The console's work runs in a process of its own" in texts(app)
    assert "Password" not in [each.label for each in app.text_input]


def test_a_sign_in_is_typed_checked_and_forgotten(
    browser: Browser, console: Console, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console.first.connection, "_why_not", lambda: "")
    app = browser.open(PAGE, state=PREFLIGHT)
    field(app, "E-mail of your account there").input("olivia@example.com")
    click(app, "Sign in and check")
    assert "address and the password with which you sign in" in app.error[0].value
    field(app, "E-mail of your account there").input("olivia@example.com")
    field(app, "Password").input("Correct-Horse-1")
    click(app, "Sign in and check")
    assert not app.error
    assert [job.kind for job in console.store.jobs("ev-1", live=True)] == ["check"]
    app.run()
    assert f"Signs in as **{plain('olivia@example.com')}**, typed here" in texts(app)
    assert "login-password-1" not in app.session_state, "a refused form's password goes with the next run"
    assert "Horse" not in str(app.session_state)
    click(app, "login-forget")
    app.run()
    assert "of the practice world" in texts(app)


STAFF = AccountSeen(
    "on_aws",
    Account(
        "DeepRacer on AWS",
        "v1.3.1",
        "us-east-1",
        roles=("dr-racers", "dr-race-facilitators", "dr-admins"),
        account_quotas={"compute minutes a month (not enforced)": 6000, "models a month (not enforced)": -1},
    ),
    Capabilities(roles=True, account_limits=True),
    NOW,
)


def test_staff_are_named_and_taken_back(browser: Browser, console: Console, event: Event, organizer: Actor) -> None:
    app = browser.open(PAGE, state=STAFF_PART)
    field(app, "Address of somebody who runs the deployment").input("Frank@Example.com")
    click(app, "Keep this address out")
    assert [row.email for row in console.first.staff.view(organizer).rows] == ["frank@example.com"]
    app.run()
    next(each for each in app.selectbox if each.label == "Named here").set_value("frank@example.com").run()
    click(app, "staff-drop")
    assert console.first.staff.view(organizer).rows == []


def test_a_role_is_shown_first_and_an_administrators_needs_the_name(
    browser: Browser, console: Console, event: Event, profiles: list[Profile]
) -> None:
    console.store.keep("ev-1", ACCOUNT, STAFF)
    app = browser.open(PAGE, state=STAFF_PART)
    field(app, "Address of their profile").input("racer1@example.com").run()
    click(app, "role-give")
    assert "instead of the role they have" in texts(app)
    assert console.store.jobs("ev-1", live=True, kind="role") == []
    app = browser.open(PAGE, state=STAFF_PART)
    field(app, "Address of their profile").input("racer2@example.com").run()
    next(each for each in app.selectbox if each.label == "Role").set_value("dr-admins").run()
    click(app, "role-give")
    assert "delete every profile included" in texts(app)
    assert next(button for button in app.button if button.key == "role-give-go").disabled


def test_account_wide_limits_say_that_nobody_enforces_them(browser: Browser, console: Console, event: Event) -> None:
    assert "Run the pre-flight first" in texts(browser.open(PAGE, state=STAFF_PART))
    console.store.keep("ev-1", ACCOUNT, STAFF)
    app = browser.open(PAGE, state=STAFF_PART)
    assert "enforced by nobody" in texts(app)
    assert field(app, "Hours a month").value == 100.0
    app.checkbox(key="limits-models-none").uncheck()
    field(app, "Models a month").set_value(50)
    click(app, "Set and check")
    (job,) = console.store.jobs("ev-1", live=True, kind="account.limits")
    assert job.plan == {"minutes": 6000, "models": 50}


def test_what_turning_the_mode_off_hides_is_never_a_zero_that_was_not_read(
    browser: Browser, console: Console, event: Event
) -> None:
    managed(console, event)
    shown = texts(click(browser.open(PAGE, state=SPONSORSHIP_PART), "sponsor-close"))
    assert "is not known: nothing was read yet" in shown
    assert "their storage keeps billing" in shown
    assert "0 profiles" not in shown.partition("is not known")[2]


def test_the_managed_service_takes_aws_credentials_and_has_no_roles(
    browser: Browser, console: Console, event: Event
) -> None:
    managed(console, event)
    shown = texts(browser.open(PAGE, state=PREFLIGHT)) + texts(browser.open(PAGE, state=STAFF_PART))
    assert "Uses the practice world's own AWS credentials; a live event uses yours." in shown
    assert "has no roles to give" in shown
    assert "AWS support changes them" in shown
    assert "Run the pre-flight first" not in shown


def test_a_form_that_was_opened_before_a_colleague_saved_changes_only_what_was_typed_in_it(
    browser: Browser, console: Console, event: Event, organizer: Actor
) -> None:
    from dataclasses import replace

    app = browser.open(PAGE)
    shown = console.first.events.draft_of(event)
    console.first.events.edit(organizer, replace(shown, name="Winter Cup"), shown)
    budget = next(each for each in app.number_input if str(each.key).startswith("edit-") and "Budget" in each.label)
    budget.set_value(2_000.0)
    click(app, "Save")
    assert not app.error
    saved = console.store.event(event.id)
    assert (saved.name, saved.budget_usd) == ("Winter Cup", 2_000.0)
    assert next(each for each in app.text_input if str(each.key).startswith("edit-")).value == "Winter Cup"


def test_a_form_of_before_says_so_and_shows_the_event_as_it_is_now_when_asked(
    browser: Browser, console: Console, event: Event, organizer: Actor
) -> None:
    from dataclasses import replace

    app = browser.open(PAGE)
    shown = console.first.events.draft_of(event)
    console.first.events.edit(organizer, replace(shown, name="Winter Cup"), shown)
    app.run()
    assert "changed since this form was opened" in texts(app)
    click(app, "Show it as it is now")
    assert next(each for each in app.text_input if str(each.key).startswith("edit-")).value == "Winter Cup"


def test_prices_are_put_in_force_and_the_former_list_stays_on_record(
    browser: Browser, console: Console, event: Event, profiles: list[Profile]
) -> None:
    app = browser.open(PAGE, state=PRICES)
    assert "Shipped with the console, not looked at yet" in [badge.value for badge in app.get("badge")] or (
        "Shipped with the console" in texts(app)
    )
    assert "No other list was in force" in texts(app)
    field(app, "Training instance (USD an hour)").set_value(2.0)
    click(app, "prices-save")
    assert console.store.event("ev-1").prices.training_per_hour == 2.0
    table = next(frame.value for frame in app.dataframe if "By the list after it" in frame.value)
    assert list(table["Changed by"]) == ["Organizer Person"]


def test_aws_prices_and_the_bill_are_asked_for_by_a_press(browser: Browser, console: Console, event: Event) -> None:
    app = click(browser.open(PAGE, state=PRICES), "prices-read")
    assert [job.kind for job in console.store.jobs("ev-1", live=True)] == ["prices.read"]
    click(app, "bill-read")
    assert {job.kind for job in console.store.jobs("ev-1", live=True)} == {"prices.read", "bill.read"}
    assert "The bill was not read yet" in texts(app)
    console.store.keep("ev-1", BILL, BillSeen(asked_at=console.clock.now()))
    app = browser.open(PAGE, state=PRICES)
    assert next(button for button in app.button if button.key == "bill-read").disabled
    assert "no answer came" in texts(app)

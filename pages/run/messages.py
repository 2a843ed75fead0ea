"""Messages: send and watch, templates with preview, every single mail; in rehearsal the outbox."""

import streamlit as st

from deepracer_admin.model import Sending
from deepracer_admin.rules.mail_names import mail_names
from deepracer_admin.ui.kit import jobs, session
from deepracer_admin.ui.kit.act import said
from deepracer_admin.ui.kit.fold import fold
from deepracer_admin.ui.kit.masthead import link_to, masthead
from deepracer_admin.ui.mail.announcements import new_announcement, take_away
from deepracer_admin.ui.mail.letters import choose_template, every_mail, live_campaigns, outbox
from deepracer_admin.ui.mail.mail_desk import edit_template, preview, send_desk, settle, test_to_myself

who = session.require("messages.view")
desk = session.desk()
event = masthead(who, "Messages", "The access mail once a person, others once a text; nothing is repeated by itself.")
templates = desk.messages.templates(who)
names = mail_names(templates)
sections = ["Campaigns", "Templates", "Every mail"]
if desk.settings.rehearsal and session.may(who, "messages.outbox"):
    sections.append("Outbox")
section = st.segmented_control(
    "Section", sections, default="Campaigns", key="section", label_visibility="collapsed", bind="query-params"
)

if section == "Templates":
    template = choose_template(templates, key="template")
    left, right = st.columns(2)
    with left:
        if session.may(who, "messages.edit"):
            edit_template(template)
            take_away(who, template, names[template.key])
            new_announcement()
        st.subheader("Test", anchor=False)
        test_to_myself(who, template)
        jobs.live(("mail.test",), key="mail-test")
    with right:
        preview(template)

elif section == "Every mail":
    chosen = every_mail(who, event.zone, names)
    if chosen and chosen.delivery.state is Sending.UNKNOWN and session.may(who, "messages.send"):
        settle(who, chosen)
    elif chosen and chosen.delivery.delivered in ("bounced", "complained"):
        st.markdown("It came back: correct the address on their card, and send it again there.")
        link_to(who, "attendees", "Correct the address")
    said("settle-arrived", "settle-again")

elif section == "Outbox":
    outbox(desk.messages.outbox(who), event.zone)

else:
    if session.may(who, "messages.send"):
        part = fold("Send a mail", key="send-mail", icon=":material/send:")
        if part is not None:
            with part:
                send_desk(who, event, sorted({entry.key for entry in templates}), names)
    live_campaigns()

"""Settings of the portal: whose addresses, how many places, the organizers' own questions, texts and material."""

from __future__ import annotations

import hashlib

import pandas as pd
import streamlit as st

from deepracer_admin.model.registrations import Portal, PortalLinkOut, PortalText, Question, QuestionKind
from deepracer_admin.rules.portal import QUESTIONS_AT_MOST
from deepracer_admin.rules.report.words import LANGUAGES
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.web.portal_words import words

__all__ = ["questions", "rules", "texts"]

_KINDS = {QuestionKind.TEXT: "Text", QuestionKind.CHOICE: "Choice", QuestionKind.YES_NO: "Yes or no"}
_BY_NAME = {name: kind for kind, name in _KINDS.items()}
_BETWEEN = ";"


def _digest(*values: object) -> str:
    """So that a form shows what is stored once it was changed elsewhere, and keeps what is typed until then."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:8]


def rules(portal: Portal) -> None:
    """Domains, places, by hand."""
    desk = session.desk().registrations
    digest = _digest(portal.domains, portal.places, portal.by_hand)
    with st.form("portal-rules", border=False):
        left, right = st.columns(2)
        domains = left.text_area(
            "Domains of addresses that may register, one a line",
            "\n".join(portal.domains),
            key=f"portal-{digest}-domains",
            height=140,
            placeholder="example.com",
            help="Exactly these: it.example.com is another one than example.com.",
        )
        places = right.number_input(
            "Places on the event's list (0 = no ceiling)",
            min_value=0,
            value=portal.places,
            step=10,
            key=f"portal-{digest}-places",
            help="Everybody on the list counts, however they came. Who confirms when none is left waits, and moves up "
            "by itself.",
        )
        by_hand = right.toggle(
            "An organizer accepts each registration",
            portal.by_hand,
            key=f"portal-{digest}-hand",
            help="Otherwise whoever confirms the mail has a place while there is one.",
        )
        press(
            "Save who may register",
            lambda asking: desk.set_rules(
                asking, domains=(domains or "").split(), places=int(places), by_hand=bool(by_hand)
            ),
            key="portal-rules-save",
            done="Saved.",
            in_form=True,
            type="primary",
        )


def questions(portal: Portal) -> None:
    """Up to ten questions as a table to edit; the two about experience are always asked."""
    desk = session.desk().registrations
    st.caption(
        "Always asked: address, name, racer name, new to machine learning, new to AWS, consent. Add up to "
        f"{QUESTIONS_AT_MOST} of your own. Answers to choices and yes/no questions are cohorts; all answers stand in "
        "the exports. A question with other words is another question: answers to the old one stay with their people."
    )
    stored, digest = _table(portal), _digest(portal.questions)
    changed = st.data_editor(
        stored,
        key=f"questions-{digest}",
        placeholder=NOTHING,
        hide_index=True,
        num_rows="dynamic",
        column_config={
            "Question": st.column_config.TextColumn(required=True, width="large"),
            "Kind": st.column_config.SelectboxColumn(options=[*_BY_NAME], required=True, default="Text"),
            "Choices": st.column_config.TextColumn(help="Of a choice, with ; between them, e.g. S; M; L"),
            "Must be answered": st.column_config.CheckboxColumn(default=False),
            "In Italian": st.column_config.TextColumn(help="Empty: the same words."),
            "Choices in Italian": st.column_config.TextColumn(help="As many as there are choices, in their order."),
        },
        alt="Questions of the portal",
    )
    press(
        "Save the questions",
        lambda asking: desk.set_questions(asking, _questions(changed)),
        key="questions-save",
        done=lambda saved: f"Saved; the form asks {len(saved.questions)} of yours." if saved else "Saved.",
        type="primary",
    )


def _table(portal: Portal) -> pd.DataFrame:
    asked = portal.questions
    return pd.DataFrame(
        {
            "Question": pd.Series([each.title for each in asked], dtype="str"),
            "Kind": pd.Series([_KINDS[each.kind] for each in asked], dtype="str"),
            "Choices": pd.Series([f"{_BETWEEN} ".join(each.options) for each in asked], dtype="str"),
            "Must be answered": pd.Series([each.required for each in asked], dtype="bool"),
            "In Italian": pd.Series([each.titles.get("it", "") for each in asked], dtype="str"),
            "Choices in Italian": pd.Series(
                [f"{_BETWEEN} ".join(each.choices.get("it", ())) for each in asked], dtype="str"
            ),
        }
    )


def _questions(table: pd.DataFrame) -> list[Question]:
    found = []
    for row in table.fillna("").to_dict("records"):
        title = str(row["Question"]).strip()
        if not title:
            continue
        italian, choices = str(row["In Italian"]).strip(), _split(row["Choices in Italian"])
        found.append(
            Question(
                id="",
                kind=_BY_NAME.get(str(row["Kind"]), QuestionKind.TEXT),
                title=title,
                options=_split(row["Choices"]),
                required=bool(row["Must be answered"]),
                titles={"it": italian} if italian else {},
                choices={"it": choices} if choices else {},
            )
        )
    return found


def _split(cell: object) -> tuple[str, ...]:
    return tuple(part for each in str(cell).split(_BETWEEN) if (part := each.strip()))


def texts(portal: Portal) -> None:
    """The organizers' words in both languages; an empty field leaves what comes with the console."""
    desk = session.desk().registrations
    digest = _digest(portal.texts, portal.material)
    st.caption(
        "Empty fields: the console's own words, shown in grey. Plain text; an empty line begins a paragraph. Another "
        f"consent text is a new version (now {portal.consent_version}); each registration says which one was agreed to."
    )
    with st.form("portal-texts", border=False):
        written = {}
        for column, (language_id, name) in zip(st.columns(2), LANGUAGES.items(), strict=True):
            had, own = portal.texts.get(language_id, PortalText()), words(language_id)
            with column:
                st.markdown(f"**{name}**")
                written[language_id] = PortalText(
                    welcome=st.text_area(
                        "Welcome",
                        had.welcome,
                        key=f"portal-{digest}-{language_id}-welcome",
                        placeholder=own("form.intro"),
                    ),
                    how_to=st.text_area(
                        "How it works",
                        had.how_to,
                        key=f"portal-{digest}-{language_id}-how",
                        placeholder=" ".join(own.lines("page.steps")),
                    ),
                    consent=st.text_area(
                        "Consent",
                        had.consent,
                        key=f"portal-{digest}-{language_id}-consent",
                        placeholder=own("form.consent_text"),
                        height=140,
                    ),
                )
        material = st.data_editor(
            pd.DataFrame(
                {
                    "Title": pd.Series([each.title for each in portal.material], dtype="str"),
                    "Address": pd.Series([each.address for each in portal.material], dtype="str"),
                }
            ),
            key=f"portal-{digest}-material",
            placeholder=NOTHING,
            hide_index=True,
            num_rows="dynamic",
            column_config={
                "Title": st.column_config.TextColumn("Material: title", width="medium"),
                "Address": st.column_config.TextColumn("Its address (https://…)", width="large"),
            },
            alt="Material of the event",
        )
        press(
            "Save texts and material",
            lambda asking: desk.set_texts(asking, written, _material(material)),
            key="portal-texts-save",
            done="Saved.",
            in_form=True,
            type="primary",
        )


def _material(table: pd.DataFrame) -> list[PortalLinkOut]:
    rows = [(str(row["Title"]), str(row["Address"]).strip()) for row in table.fillna("").to_dict("records")]
    return [PortalLinkOut(title, address) for title, address in rows if title.strip() or address]

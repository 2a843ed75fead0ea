"""What every EventStore must do: the mail ledger (identity-and-mail.md 4.4)."""

from dataclasses import replace

import pytest

from deepracer_admin.errors import LeaseLost
from deepracer_admin.model import CANCELLED, Again, Delivery, DeliveryEvent, Lease, Sending
from deepracer_admin.model.registrations import Registration, RegistrationState
from deepracer_admin.records.portal import REGISTRATIONS
from deepracer_admin.store import EventStore
from tests.store.people import NOW, after, people


def planned(store: EventStore, count: int = 3) -> None:
    store.save_attendees("spring", people(count))
    rows = [(f"a{number:05d}", "access", 1) for number in range(count)]
    assert store.plan_deliveries("spring", rows, campaign="c", lease=None) == count


def leased(store: EventStore, holder: str = "one", at: float = 0, ttl_s: float = 60) -> Lease:
    lease = store.acquire("mail", holder, ttl_s=ttl_s, now=after(at))
    assert lease is not None
    return lease


def only(store: EventStore) -> Delivery:
    (row,) = store.deliveries("spring")
    return row


def unknown(store: EventStore) -> Delivery:
    """One mail whose answer was lost."""
    planned(store, 1)
    lease = leased(store)
    (row,) = store.claim_deliveries("spring", "c", 1, lease=lease, now=NOW)
    store.settle_deliveries("spring", [replace(row, state=Sending.UNKNOWN)], lease=lease, now=NOW)
    return only(store)


def settled(store: EventStore, state: Sending) -> None:
    """One mail with text 1 that ended so."""
    planned(store, 1)
    lease = leased(store)
    (row,) = store.claim_deliveries("spring", "c", 1, lease=lease, now=NOW)
    store.settle_deliveries("spring", [replace(row, state=state)], lease=lease, now=NOW)


def registered(key: str) -> Registration:
    return Registration(key, f"{key}@example.com", RegistrationState.ASKED, NOW)


def seen(kind: str, *, key: str = "", message_id: str = "", detail: str = "") -> list[DeliveryEvent]:
    return [DeliveryEvent(kind, message_id, key, NOW, detail)]


class LedgerContract:
    def test_mails_are_counted_by_what_was_reported(self, store: EventStore) -> None:
        planned(store)
        assert store.delivered_counts("spring") == {"": 3}
        store.apply_delivery_events("spring", seen("bounce", key="spring#a00000#access#1"), now=NOW)
        assert store.delivered_counts("spring") == {"": 2, "bounced": 1}
        assert store.sizes("spring") == {"attendees": 3, "profiles": 0, "deliveries": 3}
        assert store.sizes("autumn") == {"attendees": 0, "profiles": 0, "deliveries": 0}

    def test_a_mail_is_planned_once(self, store: EventStore) -> None:
        planned(store)
        rows = [("a00000", "access", 1), ("a00000", "access", 2), ("a00001", "reminder", 1), ("gone", "access", 1)]
        assert store.plan_deliveries("spring", rows, campaign="c2", lease=None) == 1
        assert store.delivery_counts("spring")[Sending.PENDING] == 4
        assert store.delivery_counts("spring", "c2")[Sending.PENDING] == 1
        assert [row.campaign for row in store.deliveries("spring", attendee="a00001")] == ["c", "c2"]

    def test_a_mail_may_be_to_somebody_who_registered_and_goes_with_the_registration(self, store: EventStore) -> None:
        planned(store, 1)
        store.change_rows(
            "spring", REGISTRATIONS, lambda _: {"reg-1": registered("reg-1"), "reg-2": registered("reg-2")}
        )
        rows = [("reg-1", "confirm", 0), ("reg-2", "confirm", 0), ("reg-3", "confirm", 0)]
        assert store.plan_deliveries("spring", rows, campaign="registration", lease=None) == 2
        lease = leased(store)
        claimed = store.claim_deliveries("spring", "registration", 5, lease=lease, now=NOW)
        sent = [replace(row, state=Sending.SENT, message_id=f"m-{row.attendee}") for row in claimed]
        store.settle_deliveries("spring", sent, lease=lease, now=NOW)
        news = seen("bounce", key="spring#reg-1#confirm#1", detail="There is no such mailbox.")
        assert store.apply_delivery_events("spring", news, now=NOW) == 1
        assert store.deliveries("spring", attendee="reg-1")[0].delivered == "bounced"
        store.change_rows("spring", REGISTRATIONS, lambda _: {"reg-1": None}, keys=("reg-1",))
        assert [row.attendee for row in store.deliveries("spring")] == ["a00000", "reg-2"]
        store.forget("spring", REGISTRATIONS)
        store.delete_attendees("spring", ["a00000"])
        assert store.deliveries("spring") == []

    def test_a_mail_carries_the_version_of_the_text_that_goes(self, store: EventStore) -> None:
        """An edit between planning and claim changes what goes, so it changes what the ledger says."""
        planned(store, 1)
        assert (only(store).number, only(store).version) == (1, 1)
        lease = leased(store)
        (row,) = store.claim_deliveries("spring", "c", 1, lease=lease, now=NOW, versions={"access": 3, "thanks": 9})
        assert (row.number, row.version) == (1, 3)
        store.settle_deliveries("spring", [replace(row, state=Sending.PENDING)], lease=lease, now=NOW)
        (row,) = store.claim_deliveries("spring", "c", 1, lease=lease, now=NOW, versions={"access": 4})
        assert (row.number, row.version, only(store)) == (1, 4, row)

    @pytest.mark.parametrize("state", [Sending.SENT, Sending.UNKNOWN, Sending.FAILED, Sending.SKIPPED, Sending.PENDING])
    def test_a_newer_text_is_no_reason_for_a_second_access_mail(self, store: EventStore, state: Sending) -> None:
        settled(store, state)
        again = [("a00000", "access", 7)]
        assert store.plan_deliveries("spring", again, campaign="c2", lease=None, again=Again.NEVER) == 0

    def test_a_newer_text_is_one_more_mail_where_that_is_wanted(self, store: EventStore) -> None:
        settled(store, Sending.SENT)
        same, newer = [("a00000", "access", 1)], [("a00000", "access", 2)]
        assert store.plan_deliveries("spring", same, campaign="c2", lease=None, again=Again.NEW_TEXT) == 0
        assert store.plan_deliveries("spring", newer, campaign="c2", lease=None, again=Again.NEW_TEXT) == 1
        assert [row.number for row in store.deliveries("spring")] == [1, 2]
        yet_newer = [("a00000", "access", 3)]
        assert store.plan_deliveries("spring", yet_newer, campaign="c3", lease=None, again=Again.NEW_TEXT) == 0, (
            "the one under way goes with the newest text"
        )

    def test_a_mail_that_is_asked_for_goes_once_more_but_not_beside_one_under_way(self, store: EventStore) -> None:
        settled(store, Sending.SENT)
        rows = [("a00000", "access", 1)]
        assert store.plan_deliveries("spring", rows, campaign="resend", lease=None, again=Again.ASKED) == 1
        assert store.plan_deliveries("spring", rows, campaign="resend", lease=None, again=Again.ASKED) == 0
        assert [row.number for row in store.deliveries("spring")] == [1, 2]

    def test_a_mail_of_a_cancelled_campaign_stands_against_no_other(self, store: EventStore) -> None:
        planned(store, 1)
        cancelled = replace(only(store), state=Sending.SKIPPED, code=CANCELLED)
        store.settle_deliveries("spring", [cancelled], lease=None, now=NOW)
        assert store.plan_deliveries("spring", [("a00000", "access", 1)], campaign="c2", lease=None) == 1

    def test_a_claim_takes_what_is_asked_for_and_no_more(self, store: EventStore) -> None:
        planned(store)
        lease = leased(store)
        first = store.claim_deliveries("spring", "c", 2, lease=lease, now=NOW)
        rest = store.claim_deliveries("spring", "c", 9, lease=lease, now=NOW)
        assert [row.attendee for row in first + rest] == ["a00000", "a00001", "a00002"]
        assert {(row.state, row.owner, row.epoch, row.attempts) for row in first} == {(Sending.CLAIMED, "one", 1, 1)}
        assert store.claim_deliveries("spring", "c", 9, lease=lease, now=NOW) == []
        assert store.claim_deliveries("spring", "other", 9, lease=lease, now=NOW) == []

    def test_a_sent_mail_never_changes_back(self, store: EventStore) -> None:
        planned(store, 1)
        lease = leased(store)
        (row,) = store.claim_deliveries("spring", "c", 1, lease=lease, now=NOW)
        store.settle_deliveries("spring", [replace(row, state=Sending.SENT, message_id="m1")], lease=lease, now=NOW)
        for state in (Sending.PENDING, Sending.FAILED, Sending.UNKNOWN, Sending.SKIPPED):
            store.settle_deliveries("spring", [replace(row, state=state)], lease=lease, now=after(1))
            store.settle_deliveries("spring", [replace(row, state=state)], lease=None, now=after(1))
        assert (only(store).state, only(store).message_id, only(store).changed_at) == (Sending.SENT, "m1", NOW)
        assert store.claim_deliveries("spring", "c", 1, lease=lease, now=after(99)) == []

    def test_a_failure_is_tried_again_once_its_time_has_come(self, store: EventStore) -> None:
        planned(store, 2)
        lease = leased(store)
        soon, never = store.claim_deliveries("spring", "c", 2, lease=lease, now=NOW)
        failed = [
            replace(soon, state=Sending.FAILED, code="Throttling", next_try_at=after(30)),
            replace(never, state=Sending.FAILED, code="MessageRejected", sentence="The address is refused."),
        ]
        store.settle_deliveries("spring", failed, lease=lease, now=NOW)
        assert store.claim_deliveries("spring", "c", 9, lease=lease, now=after(29)) == []
        again = store.claim_deliveries("spring", "c", 9, lease=lease, now=after(30))
        assert [(row.attendee, row.attempts, row.next_try_at) for row in again] == [("a00000", 2, None)]

    def test_a_mail_given_back_to_the_queue_waits_for_its_time(self, store: EventStore) -> None:
        planned(store, 1)
        lease = leased(store)
        (row,) = store.claim_deliveries("spring", "c", 1, lease=lease, now=NOW)
        back = replace(row, state=Sending.PENDING, next_try_at=after(10))
        store.settle_deliveries("spring", [back], lease=lease, now=NOW)
        assert store.claim_deliveries("spring", "c", 1, lease=lease, now=after(9)) == []
        assert len(store.claim_deliveries("spring", "c", 1, lease=lease, now=after(10))) == 1

    def test_only_the_claimant_settles_a_claim(self, store: EventStore) -> None:
        planned(store, 1)
        lease = leased(store)
        (row,) = store.claim_deliveries("spring", "c", 1, lease=lease, now=NOW)
        stranger = replace(row, state=Sending.SENT, owner="two", message_id="m9")
        store.settle_deliveries("spring", [stranger], lease=None, now=NOW)
        assert only(store).state is Sending.CLAIMED
        other = store.acquire("other work", "two", ttl_s=60, now=NOW)
        store.settle_deliveries("spring", [replace(row, state=Sending.SENT)], lease=other, now=NOW)
        assert only(store).state is Sending.CLAIMED

    def test_a_mail_that_was_not_claimed_cannot_become_sent(self, store: EventStore) -> None:
        planned(store, 1)
        store.settle_deliveries("spring", [replace(only(store), state=Sending.SENT)], lease=None, now=NOW)
        assert only(store).state is Sending.PENDING

    def test_claiming_by_settling_is_a_mistake_of_the_caller(self, store: EventStore) -> None:
        planned(store, 1)
        with pytest.raises(ValueError, match="claim_deliveries only"):
            store.settle_deliveries("spring", [replace(only(store), state=Sending.CLAIMED)], lease=None, now=NOW)

    def test_a_holder_that_was_replaced_neither_claims_nor_settles(self, store: EventStore) -> None:
        planned(store, 2)
        late = leased(store, "one", ttl_s=10)
        (row,) = store.claim_deliveries("spring", "c", 1, lease=late, now=NOW)
        leased(store, "two", at=11)
        with pytest.raises(LeaseLost):
            store.settle_deliveries("spring", [replace(row, state=Sending.SENT)], lease=late, now=after(12))
        with pytest.raises(LeaseLost):
            store.claim_deliveries("spring", "c", 1, lease=late, now=after(12))
        counts = store.delivery_counts("spring", "c")
        assert (counts[Sending.CLAIMED], counts[Sending.PENDING], counts[Sending.SENT]) == (1, 1, 0)

    def test_a_claim_of_a_dead_holder_becomes_unknown_and_is_never_mailed_again(self, store: EventStore) -> None:
        planned(store, 2)
        dead = leased(store, "one", ttl_s=10)
        store.claim_deliveries("spring", "c", 1, lease=dead, now=NOW)
        heir = leased(store, "two", at=11)
        assert store.expire_claims("spring", lease=heir, now=after(11)) == 1
        assert store.expire_claims("spring", lease=heir, now=after(11)) == 0
        (lost,) = store.deliveries("spring", state=Sending.UNKNOWN)
        assert lost.attendee == "a00000"
        assert "may have arrived" in lost.sentence
        claimed = store.claim_deliveries("spring", "c", 9, lease=heir, now=after(9999))
        assert [row.attendee for row in claimed] == ["a00001"]

    def test_claims_of_the_holder_itself_do_not_expire(self, store: EventStore) -> None:
        planned(store, 1)
        lease = leased(store)
        store.claim_deliveries("spring", "c", 1, lease=lease, now=NOW)
        assert store.expire_claims("spring", lease=lease, now=after(9999)) == 0

    def test_claims_under_another_running_lease_do_not_expire_until_it_runs_out(self, store: EventStore) -> None:
        planned(store, 1)
        store.claim_deliveries("spring", "c", 1, lease=leased(store, ttl_s=10), now=NOW)
        other = store.acquire("sweep", "two", ttl_s=600, now=NOW)
        assert other is not None
        assert store.expire_claims("spring", lease=other, now=after(9)) == 0
        assert store.expire_claims("spring", lease=other, now=after(10)) == 1

    def test_a_person_may_decide_what_an_unknown_mail_was(self, store: EventStore) -> None:
        row = unknown(store)
        store.settle_deliveries("spring", [replace(row, state=Sending.SENT)], lease=None, now=after(1))
        assert only(store).state is Sending.SENT

    def test_a_person_may_ask_for_an_unknown_mail_to_be_sent_again(self, store: EventStore) -> None:
        row = unknown(store)
        store.settle_deliveries("spring", [replace(row, state=Sending.PENDING)], lease=None, now=after(1))
        again = store.claim_deliveries("spring", "c", 1, lease=leased(store), now=after(2))
        assert [each.attempts for each in again] == [2]

    def test_who_was_thought_dead_may_tell_what_became_of_its_own_claims(self, store: EventStore) -> None:
        """It lost its lease in the middle; nobody but it knows what was sent and what was not."""
        planned(store, 3)
        late = leased(store, "one", ttl_s=10)
        sent, not_sent, _ = store.claim_deliveries("spring", "c", 3, lease=late, now=NOW)
        heir = leased(store, "two", at=11)
        assert store.expire_claims("spring", lease=heir, now=after(11)) == 3
        told = [replace(sent, state=Sending.SENT, message_id="m1"), replace(not_sent, state=Sending.PENDING)]
        store.settle_deliveries("spring", told, lease=None, now=after(12))
        assert [row.state for row in store.deliveries("spring")] == [Sending.SENT, Sending.PENDING, Sending.UNKNOWN]

    def test_nobody_else_tells_what_became_of_an_unknown_mail(self, store: EventStore) -> None:
        row = unknown(store)
        store.settle_deliveries("spring", [replace(row, state=Sending.SENT, owner="two")], lease=None, now=after(1))
        store.settle_deliveries("spring", [replace(row, state=Sending.SENT, epoch=9)], lease=None, now=after(1))
        assert only(store).state is Sending.UNKNOWN

    def test_a_mail_taken_over_by_another_is_not_settled_by_its_first_claimant(self, store: EventStore) -> None:
        planned(store, 1)
        late = leased(store, "one", ttl_s=10)
        (row,) = store.claim_deliveries("spring", "c", 1, lease=late, now=NOW)
        heir = leased(store, "two", at=11)
        store.expire_claims("spring", lease=heir, now=after(11))
        store.settle_deliveries("spring", [replace(only(store), state=Sending.PENDING)], lease=None, now=after(12))
        store.claim_deliveries("spring", "c", 1, lease=heir, now=after(12))
        store.settle_deliveries("spring", [replace(row, state=Sending.PENDING)], lease=None, now=after(13))
        assert (only(store).state, only(store).owner) == (Sending.CLAIMED, "two")

    def test_a_cancelled_mail_is_skipped_and_can_be_taken_up_again(self, store: EventStore) -> None:
        planned(store, 1)
        skipped = replace(only(store), state=Sending.SKIPPED, code="cancelled", sentence="Cancelled.")
        store.settle_deliveries("spring", [skipped], lease=None, now=NOW)
        assert (only(store).state, only(store).code) == (Sending.SKIPPED, "cancelled")
        assert store.claim_deliveries("spring", "c", 1, lease=leased(store), now=after(9)) == []
        store.settle_deliveries("spring", [replace(only(store), state=Sending.PENDING)], lease=None, now=NOW)
        assert only(store).state is Sending.PENDING


class DeliveryEventsContract:
    @pytest.mark.parametrize("kind", ["send", "delivery", "bounce", "complaint", "delay"])
    def test_an_event_that_proves_acceptance_turns_unknown_into_sent(self, store: EventStore, kind: str) -> None:
        unknown(store)
        events = seen(kind, key="spring#a00000#access#1", message_id="m5")
        assert store.apply_delivery_events("spring", events, now=after(5)) == 1
        assert (only(store).state, only(store).message_id, only(store).changed_at) == (Sending.SENT, "m5", after(5))

    def test_an_event_that_disproves_it_turns_unknown_into_failed(self, store: EventStore) -> None:
        unknown(store)
        events = seen("rendering_failure", key="spring#a00000#access#1", detail="attribute missing")
        assert store.apply_delivery_events("spring", events, now=NOW) == 1
        assert (only(store).state, only(store).code) == (Sending.FAILED, "rendering_failure")

    def test_a_mail_queued_again_by_hand_is_not_sent_twice_when_proof_comes_late(self, store: EventStore) -> None:
        row = unknown(store)
        store.settle_deliveries("spring", [replace(row, state=Sending.PENDING)], lease=None, now=NOW)
        store.apply_delivery_events("spring", seen("send", key="spring#a00000#access#1", message_id="m5"), now=NOW)
        assert store.claim_deliveries("spring", "c", 9, lease=leased(store), now=after(9)) == []

    def test_without_a_key_the_message_id_tells_which_mail_it_was(self, store: EventStore) -> None:
        row = unknown(store)
        settled = replace(row, state=Sending.SENT, message_id="m1")
        store.settle_deliveries("spring", [settled], lease=None, now=NOW)
        assert store.apply_delivery_events("spring", seen("delivery", message_id="m1"), now=NOW) == 1
        assert only(store).delivered == "delivered"

    def test_a_stronger_word_on_delivery_stays(self, store: EventStore) -> None:
        unknown(store)
        key = "spring#a00000#access#1"
        told = []
        for kind in ("delay", "delivery", "delay", "bounce", "delivery", "complaint", "bounce"):
            store.apply_delivery_events("spring", seen(kind, key=key, message_id="m1", detail=f"a {kind}"), now=NOW)
            told.append(only(store).delivered)
        assert told == ["delayed", "delivered", "delivered", "bounced", "bounced", "complained", "complained"]
        assert (only(store).code, only(store).sentence) == ("complaint", "a complaint")

    def test_a_repeated_or_foreign_event_changes_nothing(self, store: EventStore) -> None:
        unknown(store)
        known = seen("delivery", key="spring#a00000#access#1", message_id="m1")
        assert store.apply_delivery_events("spring", known, now=NOW) == 1
        before = store.revision("spring")
        foreign = [
            *known,
            *seen("delivery", key="autumn#a00000#access#1"),
            *seen("delivery", key="spring#a00000#access#2"),
            *seen("delivery", message_id="m-of-somebody-else"),
            *seen("open", key="spring#a00000#access#1"),
            *seen("delivery"),
        ]
        assert store.apply_delivery_events("spring", foreign, now=after(9)) == 0
        assert store.revision("spring") == before

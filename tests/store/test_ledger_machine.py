"""Whatever order of claims, answers, deaths, take-overs and proofs: nobody is mailed twice unless a person asked."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from deepracer_admin.errors import LeaseLost
from deepracer_admin.model import Delivery, DeliveryEvent, Lease, Sending
from deepracer_admin.store.sqlite import open_event_store
from tests.store.people import NOW, after, people

HOLDERS = st.sampled_from(["one", "two", "three"])
TTL_S = 30.0


class LedgerMachine(RuleBasedStateMachine):
    leases = Bundle("leases")
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = open_event_store(self.folder / "events.db", "rehearsal")
        self.at = 0.0
        self.current: Lease | None = None
        self.mailed: dict[str, int] = {}  # how often a mail really left, by attendee
        self.asked: dict[str, int] = {}  # how often a person asked for it to be sent again
        self.held: dict[str, int] = {}  # epoch under which it was claimed last
        self.sent: dict[str, str] = {}  # SENT rows, with their message id

    @initialize()
    def plan(self) -> None:
        self.store.save_attendees("spring", people(4))
        rows = [(each.id, "access", 1) for each in people(4)]
        assert self.store.plan_deliveries("spring", rows, campaign="c", lease=None) == 4

    @rule(seconds=st.floats(0.1, 40))
    def time_passes(self, seconds: float) -> None:
        self.at += seconds

    @rule(target=leases, holder=HOLDERS)
    def acquire(self, holder: str):
        lease = self.store.acquire("mail", holder, ttl_s=TTL_S, now=after(self.at))
        running = self.current is not None and self.current.until > after(self.at)
        if lease is None:
            assert running
            assert self.current is not None
            assert self.current.holder != holder
            return multiple()
        former = self.current.epoch if self.current is not None else 0
        assert lease.epoch == (former if running else former + 1)
        self.current = lease
        return lease

    @rule(target=leases, lease=leases)
    def renew(self, lease: Lease):
        assert self.current is not None
        alive = lease.epoch == self.current.epoch and self.current.until > after(self.at)
        try:
            renewed = self.store.renew(lease, ttl_s=TTL_S, now=after(self.at))
        except LeaseLost:
            assert not alive
            return multiple()
        assert alive
        self.current = renewed
        return renewed

    @rule(target=claims, lease=leases, limit=st.integers(1, 3))
    def claim_and_mail(self, lease: Lease, limit: int):
        assert self.current is not None
        try:
            claimed = self.store.claim_deliveries("spring", "c", limit, lease=lease, now=after(self.at))
        except LeaseLost:
            assert lease.epoch < self.current.epoch
            return multiple()
        assert lease.epoch == self.current.epoch
        for row in claimed:
            assert row.attendee not in self.sent
            self.mailed[row.attendee] = self.mailed.get(row.attendee, 0) + 1
            self.held[row.attendee] = lease.epoch
        return multiple(*((lease, row) for row in claimed))

    @rule(claim=consumes(claims), state=st.sampled_from([Sending.SENT, Sending.UNKNOWN]))
    def answer_or_lose_it(self, claim: tuple[Lease, Delivery], state: Sending) -> None:
        lease, row = claim
        assert self.current is not None
        settled = replace(row, state=state, message_id=f"m{row.attendee}{lease.epoch}" if state is Sending.SENT else "")
        try:
            self.store.settle_deliveries("spring", [settled], lease=lease, now=after(self.at))
        except LeaseLost:
            assert lease.epoch < self.current.epoch

    @rule(claim=consumes(claims))
    def refused_before_it_left(self, claim: tuple[Lease, Delivery]) -> None:
        """A clean refusal: nothing was sent, so a further try is harmless."""
        lease, row = claim
        settled = replace(row, state=Sending.FAILED, code="Throttling", next_try_at=after(self.at + 5))
        try:
            self.store.settle_deliveries("spring", [settled], lease=lease, now=after(self.at))
        except LeaseLost:
            return
        if self.row(row.attendee).state is Sending.FAILED:
            self.mailed[row.attendee] -= 1

    @rule(lease=leases)
    def expire(self, lease: Lease) -> None:
        try:
            self.store.expire_claims("spring", lease=lease, now=after(self.at))
        except LeaseLost:
            return
        assert self.current is not None
        for row in self.store.deliveries("spring", state=Sending.CLAIMED):
            assert row.epoch == self.current.epoch

    @rule(number=st.integers(0, 3), kind=st.sampled_from(["send", "delivery", "bounce"]))
    def proof_arrives(self, number: int, kind: str) -> None:
        attendee = f"a{number:05d}"
        if self.mailed.get(attendee, 0) > 0:
            event = DeliveryEvent(kind, f"proof-{attendee}", f"spring#{attendee}#access#1", NOW)
            self.store.apply_delivery_events("spring", [event], now=after(self.at))
            assert self.row(attendee).state is Sending.SENT

    @rule(number=st.integers(0, 3), state=st.sampled_from([Sending.PENDING, Sending.SENT, Sending.SKIPPED]))
    def a_person_decides(self, number: int, state: Sending) -> None:
        row = self.row(f"a{number:05d}")
        if row.state is Sending.UNKNOWN:
            self.store.settle_deliveries("spring", [replace(row, state=state)], lease=None, now=after(self.at))
            assert self.row(row.attendee).state is state
            if state is Sending.PENDING:
                self.asked[row.attendee] = self.asked.get(row.attendee, 0) + 1

    @rule(number=st.integers(0, 3), state=st.sampled_from(list(Sending)), owner=HOLDERS, epoch=st.integers(0, 9))
    def a_stranger_meddles(self, number: int, state: Sending, owner: str, epoch: int) -> None:
        """Anything may be asked of a SENT row; it stays."""
        row = self.row(f"a{number:05d}")
        if row.state is Sending.SENT and state is not Sending.CLAIMED:
            meddled = replace(row, state=state, owner=owner, epoch=epoch, message_id="forged")
            self.store.settle_deliveries("spring", [meddled], lease=None, now=after(self.at))

    def row(self, attendee: str) -> Delivery:
        (row,) = self.store.deliveries("spring", attendee=attendee)
        return row

    @invariant()
    def sent_stays_sent_and_keeps_its_message(self) -> None:
        now_sent = {row.attendee: row.message_id for row in self.store.deliveries("spring", state=Sending.SENT)}
        for attendee, message_id in self.sent.items():
            assert attendee in now_sent
            assert message_id in ("", now_sent[attendee])
        self.sent = now_sent

    @invariant()
    def nobody_is_mailed_more_often_than_asked(self) -> None:
        for attendee, times in self.mailed.items():
            assert times <= 1 + self.asked.get(attendee, 0)

    @invariant()
    def every_claim_is_of_the_one_who_made_it_last(self) -> None:
        for row in self.store.deliveries("spring", state=Sending.CLAIMED):
            assert row.epoch == self.held[row.attendee]

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)

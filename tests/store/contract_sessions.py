"""What every Sessions must do: sign-ins under way, sessions, delegations."""

import threading
from dataclasses import replace

from deepracer_admin.store import SavedSession, Sessions
from tests.store.people import NOW, after

ANNA = SavedSession(
    "hash-1",
    "oid-1",
    "tid-1",
    "Anna Rossi",
    ("Organizer", "Viewer"),
    NOW,
    NOW,
    token_cache=b"\x00cipher\xff",
    email="anna@example.com",
)


class SessionsContract:
    def test_a_flow_is_taken_once(self, sessions: Sessions) -> None:
        sessions.save_flow("f1", {"state": "s", "nested": {"scopes": ["User.Read"]}}, expires_at=after(600))
        assert sessions.take_flow("f1", now=after(1)) == {"state": "s", "nested": {"scopes": ["User.Read"]}}
        assert sessions.take_flow("f1", now=after(1)) is None

    def test_a_flow_is_taken_once_also_by_many_threads(self, sessions: Sessions) -> None:
        sessions.save_flow("f1", {"state": "s"}, expires_at=after(600))
        taken: list[object] = []
        threads = [threading.Thread(target=lambda: taken.append(sessions.take_flow("f1", now=NOW))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(each is not None for each in taken) == [False] * 7 + [True]

    def test_an_expired_flow_is_not_taken_and_not_kept(self, sessions: Sessions) -> None:
        sessions.save_flow("f1", {}, expires_at=after(600))
        assert sessions.take_flow("f1", now=after(600)) is None
        assert sessions.take_flow("f1", now=NOW) is None

    def test_a_session_is_found_by_the_hash_of_its_cookie(self, sessions: Sessions) -> None:
        sessions.create(ANNA)
        assert sessions.lookup("hash-1") == ANNA
        assert sessions.lookup("hash-2") is None

    def test_a_session_remembers_when_it_was_seen_and_its_tokens(self, sessions: Sessions) -> None:
        sessions.create(ANNA)
        sessions.touch("hash-1", at=after(60))
        sessions.save_token_cache("hash-1", b"new")
        assert sessions.lookup("hash-1") == replace(ANNA, last_seen_at=after(60), token_cache=b"new")

    def test_every_change_of_a_session_is_seen_by_whoever_looked_before(self, sessions: Sessions) -> None:
        for change in (
            lambda: sessions.create(ANNA),
            lambda: sessions.touch("hash-1", at=after(60)),
            lambda: sessions.save_token_cache("hash-1", b"new"),
            lambda: sessions.save_roles("hash-1", ["Viewer"], at=after(70)),
            lambda: sessions.revoke("hash-1"),
            lambda: sessions.create(ANNA),
            lambda: sessions.revoke_person("oid-1"),
            lambda: sessions.create(ANNA),
            lambda: sessions.purge(now=after(10**7)),
        ):
            before = [sessions.lookup("hash-1") for _ in range(2)]
            change()
            now = [sessions.lookup("hash-1") for _ in range(2)]
            assert now[0] == now[1] != before[0] == before[1]

    def test_a_revoked_session_does_not_come_back(self, sessions: Sessions) -> None:
        sessions.create(ANNA)
        sessions.revoke("hash-1")
        sessions.touch("hash-1", at=after(60))
        sessions.save_token_cache("hash-1", b"new")
        assert sessions.lookup("hash-1") is None

    def test_revoking_a_person_ends_all_their_sessions_and_their_delegation(self, sessions: Sessions) -> None:
        sessions.create(ANNA)
        sessions.create(replace(ANNA, id_hash="hash-2"))
        sessions.create(replace(ANNA, id_hash="hash-3", oid="oid-2"))
        sessions.save_delegation("oid-1", "Anna Rossi", b"tokens", at=NOW)
        sessions.save_delegation("oid-2", "Bo Lind", b"tokens", at=NOW)
        assert sessions.revoke_person("oid-1") == 2
        assert [session.id_hash for session in sessions.all()] == ["hash-3"]
        assert sessions.delegation("oid-1") is None
        assert sessions.delegation("oid-2") == (b"tokens", "Bo Lind", NOW)

    def test_sessions_are_listed_last_seen_first(self, sessions: Sessions) -> None:
        for number in range(3):
            sessions.create(replace(ANNA, id_hash=f"hash-{number}", last_seen_at=after(number)))
        assert [session.id_hash for session in sessions.all()] == ["hash-2", "hash-1", "hash-0"]

    def test_a_later_delegation_replaces_the_former(self, sessions: Sessions) -> None:
        assert sessions.delegation("oid-1") is None
        sessions.save_delegation("oid-1", "Anna", b"old", at=NOW)
        sessions.save_delegation("oid-1", "Anna Rossi", b"new", at=after(5))
        assert sessions.delegation("oid-1") == (b"new", "Anna Rossi", after(5))

    def test_a_dropped_delegation_is_gone_and_a_late_renewal_does_not_bring_it_back(self, sessions: Sessions) -> None:
        sessions.create(ANNA)
        sessions.save_delegation("oid-1", "Anna Rossi", b"tokens", at=NOW)
        sessions.save_delegation("oid-2", "Bo Lind", b"tokens", at=NOW)
        assert sessions.delegations() == [("oid-1", "Anna Rossi", NOW), ("oid-2", "Bo Lind", NOW)]
        assert sessions.renew_delegation("oid-1", b"newer", at=after(5))
        assert sessions.delegation("oid-1") == (b"newer", "Anna Rossi", after(5))
        assert sessions.drop_delegation("oid-1")
        assert not sessions.drop_delegation("oid-1")
        assert not sessions.renew_delegation("oid-1", b"late", at=after(9))
        assert sessions.delegation("oid-1") is None
        assert sessions.delegations() == [("oid-2", "Bo Lind", NOW)]
        assert sessions.lookup("hash-1") == ANNA, "whoever gives it back stays signed in"

    def test_a_purge_takes_what_is_long_over(self, sessions: Sessions) -> None:
        sessions.save_flow("f1", {}, expires_at=after(600))
        sessions.save_flow("f2", {}, expires_at=after(9000000))
        sessions.create(ANNA)
        sessions.create(replace(ANNA, id_hash="hash-2", last_seen_at=after(31 * 86400)))
        assert sessions.purge(now=after(32 * 86400)) == 2
        assert [session.id_hash for session in sessions.all()] == ["hash-2"]
        assert sessions.take_flow("f2", now=NOW) == {}

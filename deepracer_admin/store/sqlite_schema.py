"""The schema of the event store, one migration per version. A released migration is never edited; add the next.

What must hold whatever the code above does, the file itself refuses to break: one live job per kind and target, one
ledger row per mail, a SENT mail stays SENT, the audit only grows. Times are text (clock.iso), JSON is text.
"""

from __future__ import annotations

from deepracer_admin.store.sqlite_base import Migration
from deepracer_admin.store.version_4 import move_values

__all__ = ["MIGRATIONS"]

EVENTS = (
    "CREATE TABLE revisions (event TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE settings (event TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (event, key)) WITHOUT ROWID",
    """CREATE TABLE events (
        position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL)""",
    # snapshots: when profiles and races were last read as a whole
    "CREATE TABLE snapshots (event TEXT, kind TEXT, seen_at TEXT NOT NULL, PRIMARY KEY (event, kind)) WITHOUT ROWID",
    """CREATE TABLE profiles (
        event TEXT, id TEXT, position INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (event, id)) WITHOUT ROWID""",
    """CREATE TABLE races (
        event TEXT, id TEXT, position INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (event, id)) WITHOUT ROWID""",
)

PEOPLE = (
    """CREATE TABLE attendees (
        position INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, id TEXT NOT NULL, email TEXT NOT NULL,
        wanted INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (event, id), UNIQUE (event, email))""",
    """CREATE TABLE steps (
        event TEXT, attendee TEXT, step TEXT, state TEXT NOT NULL, reason TEXT NOT NULL, sentence TEXT NOT NULL,
        ref TEXT NOT NULL, attempts INTEGER NOT NULL, next_try_at TEXT, changed_at TEXT,
        PRIMARY KEY (event, attendee, step),
        FOREIGN KEY (event, attendee) REFERENCES attendees (event, id) ON DELETE CASCADE) WITHOUT ROWID""",
    """CREATE TABLE person_history (
        position INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, attendee TEXT NOT NULL, step TEXT NOT NULL,
        state TEXT NOT NULL, reason TEXT NOT NULL, sentence TEXT NOT NULL, ref TEXT NOT NULL,
        attempts INTEGER NOT NULL, changed_at TEXT,
        FOREIGN KEY (event, attendee) REFERENCES attendees (event, id) ON DELETE CASCADE)""",
    "CREATE INDEX person_history_of ON person_history (event, attendee)",
    """CREATE TABLE links (
        event TEXT, attendee TEXT, profile TEXT NOT NULL, how TEXT NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (event, attendee), UNIQUE (event, profile),
        FOREIGN KEY (event, attendee) REFERENCES attendees (event, id) ON DELETE CASCADE) WITHOUT ROWID""",
)

LEDGER = (
    """CREATE TABLE deliveries (
        position INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, attendee TEXT NOT NULL, template TEXT NOT NULL,
        version INTEGER NOT NULL, state TEXT NOT NULL, lease TEXT NOT NULL DEFAULT '', owner TEXT NOT NULL DEFAULT '',
        epoch INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, message_id TEXT NOT NULL DEFAULT '',
        code TEXT NOT NULL DEFAULT '', sentence TEXT NOT NULL DEFAULT '', delivered TEXT NOT NULL DEFAULT '',
        campaign TEXT NOT NULL, next_try_at TEXT, changed_at TEXT,
        UNIQUE (event, attendee, template, version),
        FOREIGN KEY (event, attendee) REFERENCES attendees (event, id) ON DELETE CASCADE)""",
    "CREATE INDEX deliveries_to_do ON deliveries (event, campaign, state, position)",
    "CREATE INDEX deliveries_by_message ON deliveries (message_id) WHERE message_id <> ''",
    """CREATE TRIGGER a_sent_mail_stays_sent BEFORE UPDATE OF state ON deliveries
        WHEN OLD.state = 'sent' AND NEW.state <> 'sent'
        BEGIN SELECT RAISE(ABORT, 'a sent mail stays sent'); END""",
    """CREATE TRIGGER a_claim_comes_from_the_queue BEFORE UPDATE OF state ON deliveries
        WHEN NEW.state = 'claimed' AND OLD.state NOT IN ('pending', 'failed')
        BEGIN SELECT RAISE(ABORT, 'only a pending or failed mail can be claimed'); END""",
    """CREATE TRIGGER a_mail_is_remembered AFTER UPDATE OF state, delivered ON deliveries
        WHEN NEW.state IN ('sent', 'failed', 'unknown', 'skipped')
            AND (OLD.state <> NEW.state OR OLD.delivered <> NEW.delivered)
        BEGIN INSERT INTO person_history
            (event, attendee, step, state, reason, sentence, ref, attempts, changed_at)
            VALUES (NEW.event, NEW.attendee, 'mail',
                CASE NEW.state WHEN 'sent' THEN 'done' WHEN 'unknown' THEN 'unknown'
                    WHEN 'failed' THEN CASE WHEN NEW.next_try_at IS NULL THEN 'refused' ELSE 'retry' END
                    ELSE 'refused' END,
                'mail:' || NEW.template || ':' || NEW.version || ':' ||
                    CASE WHEN NEW.delivered = '' THEN NEW.state ELSE NEW.delivered END,
                NEW.sentence, NEW.message_id, NEW.attempts, NEW.changed_at); END""",
)

JOBS = (
    """CREATE TABLE jobs (
        position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, event TEXT NOT NULL, kind TEXT NOT NULL,
        target TEXT NOT NULL, state TEXT NOT NULL, plan TEXT NOT NULL, result TEXT NOT NULL, total INTEGER NOT NULL,
        done INTEGER NOT NULL, failed INTEGER NOT NULL, sentence TEXT NOT NULL, undoable INTEGER NOT NULL,
        created_by TEXT NOT NULL, created_by_name TEXT NOT NULL, created_at TEXT NOT NULL, changed_at TEXT NOT NULL)""",
    """CREATE UNIQUE INDEX one_live_job ON jobs (event, kind, target)
        WHERE state IN ('planned', 'running', 'paused')""",
    "CREATE INDEX jobs_of_event ON jobs (event, position)",
    """CREATE TABLE job_items (
        position INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        key TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, sentence TEXT NOT NULL,
        before TEXT, after TEXT, changed_at TEXT NOT NULL, UNIQUE (job, key))""",
)

AUDIT = (
    """CREATE TABLE audit (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, event TEXT NOT NULL, actor TEXT NOT NULL,
        actor_name TEXT NOT NULL, role TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,
        count INTEGER NOT NULL, before TEXT, after TEXT, allowed INTEGER NOT NULL, job TEXT NOT NULL,
        on_behalf_of TEXT NOT NULL, digest TEXT NOT NULL)""",
    "CREATE INDEX audit_of_event ON audit (event, seq)",
    """CREATE TRIGGER the_audit_is_not_rewritten BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END""",
    """CREATE TRIGGER the_audit_is_not_shortened BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END""",
)

LEASES = (
    # epoch outlives its holder, so that a late writer is always recognised
    """CREATE TABLE leases (
        name TEXT PRIMARY KEY, holder TEXT NOT NULL, epoch INTEGER NOT NULL, until TEXT NOT NULL) WITHOUT ROWID""",
    "CREATE TABLE buckets (name TEXT PRIMARY KEY, tokens REAL NOT NULL, at REAL NOT NULL) WITHOUT ROWID",
)

# Version 2: a person's jobs are looked up by person, and an erased person's job items are blanked.
JOBS_BY_PERSON = ("CREATE INDEX job_items_of ON job_items (key)",)

# Version 3: counts over 10,000 people are asked for all the time while onboarding runs.
COUNTS = (
    "CREATE INDEX steps_by_state ON steps (event, step, state)",
    "CREATE INDEX attendees_by_wish ON attendees (event, wanted, position)",
)

# Version 4: values with a type (store/documents.py). A row with an attendee is part of that person and goes with them.
RECORDS = (
    """CREATE TABLE records (
        position INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
        attendee TEXT, body TEXT NOT NULL, UNIQUE (event, kind, key),
        FOREIGN KEY (event, attendee) REFERENCES attendees (event, id) ON DELETE CASCADE)""",
    "CREATE INDEX records_of_person ON records (event, attendee) WHERE attendee IS NOT NULL",
    move_values,
)

# Version 5: a mail is told apart by its number; the version of its text is what it was when it went. Numbers from 1,000
# on were given to mails that somebody asked for once more.
MAILS_BY_NUMBER = (
    "DROP TRIGGER a_mail_is_remembered",
    "ALTER TABLE deliveries RENAME COLUMN version TO number",
    "ALTER TABLE deliveries ADD COLUMN version INTEGER NOT NULL DEFAULT 0",
    "UPDATE deliveries SET version = number % 1000",
    """CREATE TRIGGER a_mail_is_remembered AFTER UPDATE OF state, delivered ON deliveries
        WHEN NEW.state IN ('sent', 'failed', 'unknown', 'skipped')
            AND (OLD.state <> NEW.state OR OLD.delivered <> NEW.delivered)
        BEGIN INSERT INTO person_history
            (event, attendee, step, state, reason, sentence, ref, attempts, changed_at)
            VALUES (NEW.event, NEW.attendee, 'mail',
                CASE NEW.state WHEN 'sent' THEN 'done' WHEN 'unknown' THEN 'unknown'
                    WHEN 'failed' THEN CASE WHEN NEW.next_try_at IS NULL THEN 'refused' ELSE 'retry' END
                    ELSE 'refused' END,
                'mail:' || NEW.template || ':' || NEW.version || ':' ||
                    CASE WHEN NEW.delivered = '' THEN NEW.state ELSE NEW.delivered END,
                NEW.sentence, NEW.message_id, NEW.attempts, NEW.changed_at); END""",
)

# Version 6: the ledger also holds mails to people who registered and are not on the list (yet), so its rows go with
# whom they were written to by triggers, no longer by a key of the list alone.
MAILS_TO_REGISTERED = (
    """CREATE TABLE mails (
        position INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, attendee TEXT NOT NULL, template TEXT NOT NULL,
        number INTEGER NOT NULL, state TEXT NOT NULL, lease TEXT NOT NULL DEFAULT '', owner TEXT NOT NULL DEFAULT '',
        epoch INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, message_id TEXT NOT NULL DEFAULT '',
        code TEXT NOT NULL DEFAULT '', sentence TEXT NOT NULL DEFAULT '', delivered TEXT NOT NULL DEFAULT '',
        campaign TEXT NOT NULL, next_try_at TEXT, changed_at TEXT, version INTEGER NOT NULL DEFAULT 0,
        UNIQUE (event, attendee, template, number))""",
    """INSERT INTO mails (position, event, attendee, template, number, state, lease, owner, epoch, attempts, message_id,
            code, sentence, delivered, campaign, next_try_at, changed_at, version)
        SELECT position, event, attendee, template, number, state, lease, owner, epoch, attempts, message_id,
            code, sentence, delivered, campaign, next_try_at, changed_at, version FROM deliveries""",
    "DROP TABLE deliveries",
    "ALTER TABLE mails RENAME TO deliveries",
    "CREATE INDEX deliveries_to_do ON deliveries (event, campaign, state, position)",
    "CREATE INDEX deliveries_by_message ON deliveries (message_id) WHERE message_id <> ''",
    """CREATE TRIGGER a_sent_mail_stays_sent BEFORE UPDATE OF state ON deliveries
        WHEN OLD.state = 'sent' AND NEW.state <> 'sent'
        BEGIN SELECT RAISE(ABORT, 'a sent mail stays sent'); END""",
    """CREATE TRIGGER a_claim_comes_from_the_queue BEFORE UPDATE OF state ON deliveries
        WHEN NEW.state = 'claimed' AND OLD.state NOT IN ('pending', 'failed')
        BEGIN SELECT RAISE(ABORT, 'only a pending or failed mail can be claimed'); END""",
    """CREATE TRIGGER a_mail_is_remembered AFTER UPDATE OF state, delivered ON deliveries
        WHEN NEW.state IN ('sent', 'failed', 'unknown', 'skipped')
            AND (OLD.state <> NEW.state OR OLD.delivered <> NEW.delivered)
            AND EXISTS (SELECT 1 FROM attendees WHERE event = NEW.event AND id = NEW.attendee)
        BEGIN INSERT INTO person_history
            (event, attendee, step, state, reason, sentence, ref, attempts, changed_at)
            VALUES (NEW.event, NEW.attendee, 'mail',
                CASE NEW.state WHEN 'sent' THEN 'done' WHEN 'unknown' THEN 'unknown'
                    WHEN 'failed' THEN CASE WHEN NEW.next_try_at IS NULL THEN 'refused' ELSE 'retry' END
                    ELSE 'refused' END,
                'mail:' || NEW.template || ':' || NEW.version || ':' ||
                    CASE WHEN NEW.delivered = '' THEN NEW.state ELSE NEW.delivered END,
                NEW.sentence, NEW.message_id, NEW.attempts, NEW.changed_at); END""",
    """CREATE TRIGGER mails_go_with_their_person AFTER DELETE ON attendees
        BEGIN DELETE FROM deliveries WHERE event = OLD.event AND attendee = OLD.id; END""",
    """CREATE TRIGGER mails_go_with_their_registration AFTER DELETE ON records WHEN OLD.kind = 'registrations'
        BEGIN DELETE FROM deliveries WHERE event = OLD.event AND attendee = OLD.key; END""",
)

# Version 7: whom an entry of the audit was about can be taken out of it when that person is erased. What the entry then
# is, a later entry pins (rules/audit.py); everything else of it, its digest above all, stays as it was written.
AUDIT_FORGETS = (
    "DROP TRIGGER IF EXISTS the_audit_is_not_rewritten",
    """CREATE TRIGGER the_audit_is_not_rewritten BEFORE UPDATE ON audit
        WHEN (NEW.seq, NEW.at, NEW.event, NEW.actor, NEW.actor_name, NEW.role, NEW.action, NEW.count, NEW.allowed,
              NEW.job, NEW.on_behalf_of, NEW.digest)
            IS NOT (OLD.seq, OLD.at, OLD.event, OLD.actor, OLD.actor_name, OLD.role, OLD.action, OLD.count, OLD.allowed,
              OLD.job, OLD.on_behalf_of, OLD.digest)
        BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END""",
)

MIGRATIONS: tuple[Migration, ...] = (
    EVENTS + PEOPLE + LEDGER + JOBS + AUDIT + LEASES,
    JOBS_BY_PERSON,
    COUNTS,
    RECORDS,
    MAILS_BY_NUMBER,
    MAILS_TO_REGISTERED,
    AUDIT_FORGETS,
)

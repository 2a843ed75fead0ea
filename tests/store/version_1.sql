-- A rehearsal store as schema version 1 wrote it: one person, one mail, one job, two audit entries.
BEGIN TRANSACTION;
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "about" VALUES('kind','events');
INSERT INTO "about" VALUES('mode','rehearsal');
CREATE TABLE attendees (
        position INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, id TEXT NOT NULL, email TEXT NOT NULL,
        wanted INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (event, id), UNIQUE (event, email));
INSERT INTO "attendees" VALUES(1,'spring','a1','person1@example.com',1,'{"id":"a1","email":"person1@example.com","name":"Person 1","alias":"racer-1","office":"Milano","cost_centre":"","new_to_ml":null,"new_to_aws":null,"extra":{"T-shirt":"L"},"wanted":true,"refusal":"","quota":null,"source":"","added_at":"2026-11-02T09:30:00.123Z","added_by":""}');
CREATE TABLE audit (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, event TEXT NOT NULL, actor TEXT NOT NULL,
        actor_name TEXT NOT NULL, role TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,
        count INTEGER NOT NULL, before TEXT, after TEXT, allowed INTEGER NOT NULL, job TEXT NOT NULL,
        on_behalf_of TEXT NOT NULL, digest TEXT NOT NULL);
INSERT INTO "audit" VALUES(1,'2026-11-02T09:30:00.123Z','spring','oid-1','Anna Rossi','Organizer','attendees.import','roster.csv',3,NULL,'{"added":1}',1,'','','22163998b0bb8f210e814122c959f0510ec5dd3d534e624d9b723470c57fec36');
INSERT INTO "audit" VALUES(2,'2026-11-02T09:30:00.123Z','spring','oid-1','Anna Rossi','Organizer','attendees.export','roster.csv',3,NULL,NULL,1,'','','b5ef096792c66676e0ce8e5641cfe791c903a88da3118fe6b695011f720008f5');
CREATE TABLE buckets (name TEXT PRIMARY KEY, tokens REAL NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE deliveries (
        position INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, attendee TEXT NOT NULL, template TEXT NOT NULL,
        version INTEGER NOT NULL, state TEXT NOT NULL, lease TEXT NOT NULL DEFAULT '', owner TEXT NOT NULL DEFAULT '',
        epoch INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, message_id TEXT NOT NULL DEFAULT '',
        code TEXT NOT NULL DEFAULT '', sentence TEXT NOT NULL DEFAULT '', delivered TEXT NOT NULL DEFAULT '',
        campaign TEXT NOT NULL, next_try_at TEXT, changed_at TEXT,
        UNIQUE (event, attendee, template, version),
        FOREIGN KEY (event, attendee) REFERENCES attendees (event, id) ON DELETE CASCADE);
INSERT INTO "deliveries" VALUES(1,'spring','a1','access',1,'sent','mail','one',1,1,'m1','','','','c',NULL,'2026-11-02T09:30:00.123Z');
CREATE TABLE events (
        position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
INSERT INTO "events" VALUES(1,'spring','{"id":"spring","name":"Spring Cup","starts_at":"2026-11-02T09:30:00.123Z","ends_at":"2026-11-03T09:30:00.123Z","zone":"Europe/Rome","head_count":10000,"budget_usd":25000.0,"quota":{"minutes":600,"models":5},"cohort_quotas":{"office:Milano":{"minutes":-1,"models":10}},"group_id":"","sender":"","portal_url":"","material_url":"","language":"en","prices":{"training_per_hour":0.857,"volume_per_hour":0.019,"storage_per_gb_month":0.023,"currency":"USD","source":"list price, us-east-1, entered by hand","as_of":"2026-10-01"},"slots":8,"erase_on":"","public_url":"","created_at":"2026-11-02T09:30:00.123Z","created_by":"","closed_at":null,"cloned_from":""}');
CREATE TABLE job_items (
        position INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        key TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, sentence TEXT NOT NULL,
        before TEXT, after TEXT, changed_at TEXT NOT NULL, UNIQUE (job, key));
INSERT INTO "job_items" VALUES(1,'j1','a1','done','','','{"minutes":1}',NULL,'2026-11-22T12:38:20.170Z');
CREATE TABLE jobs (
        position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, event TEXT NOT NULL, kind TEXT NOT NULL,
        target TEXT NOT NULL, state TEXT NOT NULL, plan TEXT NOT NULL, result TEXT NOT NULL, total INTEGER NOT NULL,
        done INTEGER NOT NULL, failed INTEGER NOT NULL, sentence TEXT NOT NULL, undoable INTEGER NOT NULL,
        created_by TEXT NOT NULL, created_by_name TEXT NOT NULL, created_at TEXT NOT NULL, changed_at TEXT NOT NULL);
INSERT INTO "jobs" VALUES(1,'j1','spring','quota','','running','{}','{}',0,0,0,'',0,'','','2026-11-02T09:30:00.123Z','2026-11-02T09:30:00.123Z');
CREATE TABLE leases (
        name TEXT PRIMARY KEY, holder TEXT NOT NULL, epoch INTEGER NOT NULL, until TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "leases" VALUES('mail','one',1,'2026-11-02T09:31:00.123Z');
CREATE TABLE links (
        event TEXT, attendee TEXT, profile TEXT NOT NULL, how TEXT NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (event, attendee), UNIQUE (event, profile),
        FOREIGN KEY (event, attendee) REFERENCES attendees (event, id) ON DELETE CASCADE) WITHOUT ROWID;
CREATE TABLE person_history (
        position INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, attendee TEXT NOT NULL, step TEXT NOT NULL,
        state TEXT NOT NULL, reason TEXT NOT NULL, sentence TEXT NOT NULL, ref TEXT NOT NULL,
        attempts INTEGER NOT NULL, changed_at TEXT,
        FOREIGN KEY (event, attendee) REFERENCES attendees (event, id) ON DELETE CASCADE);
INSERT INTO "person_history" VALUES(1,'spring','a1','profile','done','','','p1',1,'2026-11-02T09:30:00.123Z');
INSERT INTO "person_history" VALUES(2,'spring','a1','mail','done','mail:access:1:sent','','m1',1,'2026-11-02T09:30:00.123Z');
CREATE TABLE profiles (
        event TEXT, id TEXT, position INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (event, id)) WITHOUT ROWID;
CREATE TABLE races (
        event TEXT, id TEXT, position INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (event, id)) WITHOUT ROWID;
CREATE TABLE revisions (event TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO "revisions" VALUES('spring',9);
CREATE TABLE settings (event TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (event, key)) WITHOUT ROWID;
CREATE TABLE snapshots (event TEXT, kind TEXT, seen_at TEXT NOT NULL, PRIMARY KEY (event, kind)) WITHOUT ROWID;
CREATE TABLE steps (
        event TEXT, attendee TEXT, step TEXT, state TEXT NOT NULL, reason TEXT NOT NULL, sentence TEXT NOT NULL,
        ref TEXT NOT NULL, attempts INTEGER NOT NULL, next_try_at TEXT, changed_at TEXT,
        PRIMARY KEY (event, attendee, step),
        FOREIGN KEY (event, attendee) REFERENCES attendees (event, id) ON DELETE CASCADE) WITHOUT ROWID;
INSERT INTO "steps" VALUES('spring','a1','profile','done','','','p1',1,NULL,'2026-11-02T09:30:00.123Z');
CREATE INDEX person_history_of ON person_history (event, attendee);
CREATE INDEX deliveries_to_do ON deliveries (event, campaign, state, position);
CREATE INDEX deliveries_by_message ON deliveries (message_id) WHERE message_id <> '';
CREATE TRIGGER a_sent_mail_stays_sent BEFORE UPDATE OF state ON deliveries
        WHEN OLD.state = 'sent' AND NEW.state <> 'sent'
        BEGIN SELECT RAISE(ABORT, 'a sent mail stays sent'); END;
CREATE TRIGGER a_claim_comes_from_the_queue BEFORE UPDATE OF state ON deliveries
        WHEN NEW.state = 'claimed' AND OLD.state NOT IN ('pending', 'failed')
        BEGIN SELECT RAISE(ABORT, 'only a pending or failed mail can be claimed'); END;
CREATE TRIGGER a_mail_is_remembered AFTER UPDATE OF state, delivered ON deliveries
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
                NEW.sentence, NEW.message_id, NEW.attempts, NEW.changed_at); END;
CREATE UNIQUE INDEX one_live_job ON jobs (event, kind, target)
        WHERE state IN ('planned', 'running', 'paused');
CREATE INDEX jobs_of_event ON jobs (event, position);
CREATE INDEX audit_of_event ON audit (event, seq);
CREATE TRIGGER the_audit_is_not_rewritten BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END;
CREATE TRIGGER the_audit_is_not_shortened BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END;
COMMIT;

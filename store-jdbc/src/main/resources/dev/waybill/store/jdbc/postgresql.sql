-- What Waybill keeps in PostgreSQL. JdbcStore makes it (CREATE), checks it (VERIFY) or believes it to
-- be there (ASSUME); for the last two run this file, in the schema that the application's
-- connections use. Running it again changes nothing.

-- Messages that are being handled (with a token) or have been (without).
CREATE TABLE IF NOT EXISTS waybill_processed (
  source     VARCHAR(255) NOT NULL,
  message_id VARCHAR(255) NOT NULL,
  token      VARCHAR(36),
  ends_at    TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (source, message_id)
);
CREATE INDEX IF NOT EXISTS waybill_processed_ends_at ON waybill_processed (ends_at);

-- Messages that are to be sent, by their owner: a bus of that name over one transport. A row goes when the broker has confirmed its message.
CREATE TABLE IF NOT EXISTS waybill_outbox (
  id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  owner        TEXT NOT NULL,
  shard        SMALLINT NOT NULL,
  message_id   TEXT NOT NULL,
  channel_kind VARCHAR(10) NOT NULL,
  channel      VARCHAR(255) NOT NULL,
  keyed        BOOLEAN NOT NULL,
  message_key  TEXT,
  content_type TEXT,
  attributes   TEXT NOT NULL,
  headers      TEXT NOT NULL,
  body         BYTEA NOT NULL,
  delay_millis BIGINT,
  stored_at    TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp(),
  due_at       TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp(),
  attempts     INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS waybill_outbox_shard_id ON waybill_outbox (owner, shard, id);
CREATE INDEX IF NOT EXISTS waybill_outbox_failed ON waybill_outbox (owner, shard, channel, due_at) WHERE attempts > 0;

-- Who dispatches which part of an owner's outbox; the messages of a key are all in one. The rows
-- are made when a bus starts.
CREATE TABLE IF NOT EXISTS waybill_outbox_shard (
  owner   TEXT NOT NULL,
  shard   SMALLINT NOT NULL,
  token   VARCHAR(36),
  ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (owner, shard)
);

-- Messages that no broker takes, with the reason.
CREATE TABLE IF NOT EXISTS waybill_outbox_set_aside (
  id           BIGINT PRIMARY KEY,
  owner        TEXT NOT NULL,
  shard        SMALLINT NOT NULL,
  message_id   TEXT NOT NULL,
  channel_kind VARCHAR(10) NOT NULL,
  channel      VARCHAR(255) NOT NULL,
  keyed        BOOLEAN NOT NULL,
  message_key  TEXT,
  content_type TEXT,
  attributes   TEXT NOT NULL,
  headers      TEXT NOT NULL,
  body         BYTEA NOT NULL,
  delay_millis BIGINT,
  stored_at    TIMESTAMP WITH TIME ZONE NOT NULL,
  attempts     INTEGER NOT NULL,
  reason       TEXT NOT NULL,
  set_aside_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp()
);

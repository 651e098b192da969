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

-- Messages that are to be sent. A row goes when the broker has confirmed its message.
CREATE TABLE IF NOT EXISTS waybill_outbox (
  id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
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
CREATE INDEX IF NOT EXISTS waybill_outbox_shard_id ON waybill_outbox (shard, id);
CREATE INDEX IF NOT EXISTS waybill_outbox_failed ON waybill_outbox (shard, channel, due_at) WHERE attempts > 0;

-- Who dispatches which part of the outbox; the messages of a key are all in one.
CREATE TABLE IF NOT EXISTS waybill_outbox_shard (
  shard   SMALLINT PRIMARY KEY,
  token   VARCHAR(36),
  ends_at TIMESTAMP WITH TIME ZONE NOT NULL
);
INSERT INTO waybill_outbox_shard (shard, ends_at)
  SELECT shard, clock_timestamp() FROM generate_series(0, 15) AS shards (shard)
  ON CONFLICT DO NOTHING;

-- Messages that no broker takes, with the reason.
CREATE TABLE IF NOT EXISTS waybill_outbox_set_aside (
  id           BIGINT PRIMARY KEY,
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

-- Keeps the tallies (runs_runtally, runs_causetally, runs_recordtally, runs_daytally) equal to what
-- runs_message holds, statement by statement.
--
-- Pages read the tallies and never count messages. Each statement adds its differences in one
-- upsert per table, in key order, so that two statements never wait for each other in a circle.
-- A text on its way, from queued to delivered, has no cause and until it is sent no record: the
-- upserts of those two then find no row to write.

CREATE FUNCTION runs_tally_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO runs_runtally AS tally (run_id, status, messages, segments, first_at, last_at)
    SELECT run_id, status, count(*), sum(segments), now(), now()
    FROM new_rows GROUP BY run_id, status ORDER BY run_id, status
    ON CONFLICT (run_id, status) DO UPDATE
    SET messages = tally.messages + excluded.messages,
        segments = tally.segments + excluded.segments,
        last_at = excluded.last_at;

    INSERT INTO runs_causetally AS tally
        (run_id, status, cause, messages, segments, first_at, last_at)
    SELECT run_id, status, cause, count(*), sum(segments), now(), now()
    FROM new_rows WHERE status IN ('held', 'skipped', 'error', 'failed', 'undelivered', 'unconfirmed', 'canceled')
    GROUP BY run_id, status, cause ORDER BY run_id, status, cause
    ON CONFLICT (run_id, status, cause) DO UPDATE
    SET messages = tally.messages + excluded.messages,
        segments = tally.segments + excluded.segments,
        last_at = excluded.last_at;

    INSERT INTO runs_recordtally AS tally (run_id, write_back, messages, last_at)
    SELECT run_id, write_back, count(*), now()
    FROM new_rows WHERE status IN ('sent', 'delivered', 'undelivered') AND write_back <> 'none'
    GROUP BY run_id, write_back ORDER BY run_id, write_back
    ON CONFLICT (run_id, write_back) DO UPDATE
    SET messages = tally.messages + excluded.messages, last_at = excluded.last_at;

    INSERT INTO runs_daytally AS tally (organization_id, day, sender_id, messages, segments)
    SELECT organization_id, charged_day, sender_id, count(*), sum(segments)
    FROM new_rows WHERE charged_day IS NOT NULL
    GROUP BY organization_id, charged_day, sender_id
    ORDER BY organization_id, charged_day, sender_id
    ON CONFLICT (organization_id, day, sender_id) DO UPDATE
    SET messages = tally.messages + excluded.messages,
        segments = tally.segments + excluded.segments;
    RETURN NULL;
END $$;

CREATE FUNCTION runs_tally_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO runs_runtally AS tally (run_id, status, messages, segments, first_at, last_at)
    SELECT run_id, status, sum(one), sum(segments), now(), now()
    FROM (
        SELECT run_id, status, 1 AS one, segments FROM new_rows
        UNION ALL
        SELECT run_id, status, -1, -segments FROM old_rows
    ) AS change
    GROUP BY run_id, status HAVING sum(one) <> 0 OR sum(segments) <> 0
    ORDER BY run_id, status
    ON CONFLICT (run_id, status) DO UPDATE
    SET messages = tally.messages + excluded.messages,
        segments = tally.segments + excluded.segments,
        last_at = CASE WHEN excluded.messages > 0 THEN excluded.last_at ELSE tally.last_at END;

    INSERT INTO runs_causetally AS tally
        (run_id, status, cause, messages, segments, first_at, last_at)
    SELECT run_id, status, cause, sum(one), sum(segments), now(), now()
    FROM (
        SELECT run_id, status, cause, 1 AS one, segments FROM new_rows
        WHERE status IN ('held', 'skipped', 'error', 'failed', 'undelivered', 'unconfirmed', 'canceled')
        UNION ALL
        SELECT run_id, status, cause, -1, -segments FROM old_rows
        WHERE status IN ('held', 'skipped', 'error', 'failed', 'undelivered', 'unconfirmed', 'canceled')
    ) AS change
    GROUP BY run_id, status, cause HAVING sum(one) <> 0 OR sum(segments) <> 0
    ORDER BY run_id, status, cause
    ON CONFLICT (run_id, status, cause) DO UPDATE
    SET messages = tally.messages + excluded.messages,
        segments = tally.segments + excluded.segments,
        last_at = CASE WHEN excluded.messages > 0 THEN excluded.last_at ELSE tally.last_at END;

    INSERT INTO runs_recordtally AS tally (run_id, write_back, messages, last_at)
    SELECT run_id, write_back, sum(one), now()
    FROM (
        SELECT run_id, write_back, 1 AS one FROM new_rows
        WHERE status IN ('sent', 'delivered', 'undelivered') AND write_back <> 'none'
        UNION ALL
        SELECT run_id, write_back, -1 FROM old_rows
        WHERE status IN ('sent', 'delivered', 'undelivered') AND write_back <> 'none'
    ) AS change
    GROUP BY run_id, write_back HAVING sum(one) <> 0
    ORDER BY run_id, write_back
    ON CONFLICT (run_id, write_back) DO UPDATE
    SET messages = tally.messages + excluded.messages,
        last_at = CASE WHEN excluded.messages > 0 THEN excluded.last_at ELSE tally.last_at END;

    INSERT INTO runs_daytally AS tally (organization_id, day, sender_id, messages, segments)
    SELECT organization_id, charged_day, sender_id, sum(one), sum(segments)
    FROM (
        SELECT organization_id, charged_day, sender_id, 1 AS one, segments
        FROM new_rows WHERE charged_day IS NOT NULL
        UNION ALL
        SELECT organization_id, charged_day, sender_id, -1, -segments
        FROM old_rows WHERE charged_day IS NOT NULL
    ) AS change
    GROUP BY organization_id, charged_day, sender_id
    HAVING sum(one) <> 0 OR sum(segments) <> 0
    ORDER BY organization_id, charged_day, sender_id
    ON CONFLICT (organization_id, day, sender_id) DO UPDATE
    SET messages = tally.messages + excluded.messages,
        segments = tally.segments + excluded.segments;
    RETURN NULL;
END $$;

CREATE FUNCTION runs_tally_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE runs_runtally AS tally
    SET messages = tally.messages - gone.messages, segments = tally.segments - gone.segments
    FROM (
        SELECT run_id, status, count(*) AS messages, sum(segments) AS segments
        FROM old_rows GROUP BY run_id, status
    ) AS gone
    WHERE tally.run_id = gone.run_id AND tally.status = gone.status;

    UPDATE runs_causetally AS tally
    SET messages = tally.messages - gone.messages, segments = tally.segments - gone.segments
    FROM (
        SELECT run_id, status, cause, count(*) AS messages, sum(segments) AS segments
        FROM old_rows WHERE status IN ('held', 'skipped', 'error', 'failed', 'undelivered', 'unconfirmed', 'canceled')
        GROUP BY run_id, status, cause
    ) AS gone
    WHERE tally.run_id = gone.run_id AND tally.status = gone.status AND tally.cause = gone.cause;

    UPDATE runs_recordtally AS tally SET messages = tally.messages - gone.messages
    FROM (
        SELECT run_id, write_back, count(*) AS messages
        FROM old_rows WHERE status IN ('sent', 'delivered', 'undelivered') AND write_back <> 'none'
        GROUP BY run_id, write_back
    ) AS gone
    WHERE tally.run_id = gone.run_id AND tally.write_back = gone.write_back;

    UPDATE runs_daytally AS tally
    SET messages = tally.messages - gone.messages, segments = tally.segments - gone.segments
    FROM (
        SELECT organization_id, charged_day, sender_id,
               count(*) AS messages, sum(segments) AS segments
        FROM old_rows WHERE charged_day IS NOT NULL
        GROUP BY organization_id, charged_day, sender_id
    ) AS gone
    WHERE tally.organization_id = gone.organization_id
      AND tally.day = gone.charged_day AND tally.sender_id = gone.sender_id;
    RETURN NULL;
END $$;

CREATE TRIGGER runs_message_inserted AFTER INSERT ON runs_message
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION runs_tally_inserted();

CREATE TRIGGER runs_message_updated AFTER UPDATE ON runs_message
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION runs_tally_updated();

CREATE TRIGGER runs_message_deleted AFTER DELETE ON runs_message
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION runs_tally_deleted();

-- Receipts are a record: nothing changes one.
CREATE FUNCTION runs_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;

CREATE TRIGGER runs_receipt_append_only BEFORE UPDATE ON runs_receipt
FOR EACH ROW EXECUTE FUNCTION runs_refuse_change();

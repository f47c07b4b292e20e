-- Keeps runs_failuretally equal to what runs_message holds of texts that did not arrive.
--
-- A text that goes its way never enters this table, so that sending pays one look at the rows of
-- its statement and no write. The triggers' names sort after those of tallies.sql: they fire
-- later, and a statement that locks a row here holds the run's row of runs_runtally already.

CREATE FUNCTION runs_failures_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO runs_failuretally AS tally (run_id, status, reason, error_code, messages)
    SELECT run_id, status, reason, coalesce(error_code, 0), count(*)
    FROM new_rows WHERE status IN ('failed', 'undelivered', 'error', 'unconfirmed')
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (run_id, status, reason, error_code) DO UPDATE
    SET messages = tally.messages + excluded.messages;
    RETURN NULL;
END $$;

CREATE FUNCTION runs_failures_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO runs_failuretally AS tally (run_id, status, reason, error_code, messages)
    SELECT run_id, status, reason, coalesce(error_code, 0), sum(one)
    FROM (
        SELECT run_id, status, reason, error_code, 1 AS one FROM new_rows
        WHERE status IN ('failed', 'undelivered', 'error', 'unconfirmed')
        UNION ALL
        SELECT run_id, status, reason, error_code, -1 FROM old_rows
        WHERE status IN ('failed', 'undelivered', 'error', 'unconfirmed')
    ) AS change
    GROUP BY 1, 2, 3, 4 HAVING sum(one) <> 0 ORDER BY 1, 2, 3, 4
    ON CONFLICT (run_id, status, reason, error_code) DO UPDATE
    SET messages = tally.messages + excluded.messages;
    RETURN NULL;
END $$;

CREATE FUNCTION runs_failures_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE runs_failuretally AS tally
    SET messages = tally.messages - gone.messages
    FROM (
        SELECT run_id, status, reason, coalesce(error_code, 0) AS error_code, count(*) AS messages
        FROM old_rows WHERE status IN ('failed', 'undelivered', 'error', 'unconfirmed')
        GROUP BY 1, 2, 3, 4
    ) AS gone
    WHERE tally.run_id = gone.run_id AND tally.status = gone.status
      AND tally.reason = gone.reason AND tally.error_code = gone.error_code;
    RETURN NULL;
END $$;

CREATE TRIGGER runs_message_inserted_failures AFTER INSERT ON runs_message
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION runs_failures_inserted();

CREATE TRIGGER runs_message_updated_failures AFTER UPDATE ON runs_message
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION runs_failures_updated();

CREATE TRIGGER runs_message_deleted_failures AFTER DELETE ON runs_message
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION runs_failures_deleted();

-- What failed before this table was kept.
INSERT INTO runs_failuretally (run_id, status, reason, error_code, messages)
SELECT run_id, status, reason, coalesce(error_code, 0), count(*)
FROM runs_message WHERE status IN ('failed', 'undelivered', 'error', 'unconfirmed')
GROUP BY 1, 2, 3, 4;

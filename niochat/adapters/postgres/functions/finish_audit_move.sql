-- Puts the partitioned table in the place of the audit log, in one transaction. Writers wait for
-- its lock and then write to the new table, whose numbers go on behind the old ones.
CREATE OR REPLACE FUNCTION finish_audit_move() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE audit IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM audit_move WHERE copied < upto) THEN
        RAISE EXCEPTION 'the rows of the audit log are not all copied yet';
    END IF;
    PERFORM setval('audit_next_id_seq', last_value, is_called) FROM audit_id_seq;
    DROP TABLE audit, audit_move;
    ALTER TABLE audit_next RENAME TO audit;
    ALTER SEQUENCE audit_next_id_seq RENAME TO audit_id_seq;
    ALTER INDEX audit_next_pkey RENAME TO audit_pkey;
    ALTER INDEX audit_next_of_tenant RENAME TO audit_of_tenant;
    ALTER INDEX audit_next_position RENAME TO audit_position;
END $$;

-- Undoes an unfinished move of the audit log, which stays as it was.
CREATE OR REPLACE FUNCTION cancel_audit_move() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DROP TRIGGER IF EXISTS mirror_audit_row ON audit;
    DROP TABLE IF EXISTS audit_next, audit_move;
END $$;

-- Writes a new row of the audit log to the partitioned table, too, in the same transaction.
CREATE OR REPLACE FUNCTION mirror_audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_next OVERRIDING SYSTEM VALUE SELECT NEW.*;
    RETURN NULL;
END $$;

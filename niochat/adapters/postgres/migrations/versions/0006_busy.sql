SET lock_timeout = '5s';

-- Another reason to be held back: the machines are busy, and others would notice.
ALTER TABLE held_back DROP CONSTRAINT held_back_reason_check;
ALTER TABLE held_back ADD CONSTRAINT held_back_reason_check
    CHECK (reason IN ('flood', 'turns', 'model_throttled', 'busy', 'erp', 'gateway'));

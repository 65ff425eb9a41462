SET lock_timeout = '5s';

-- Which vendor's adapter serves a channel. Adapters are looked up by kind in a registry of the
-- product, which also says which kinds there are: a new vendor needs no migration.
-- The default stays for processes of the version before, which insert channels without a kind.

ALTER TABLE channels ADD COLUMN kind text NOT NULL DEFAULT 'uazapi';

ALTER TABLE erps DROP CONSTRAINT erps_kind_check;

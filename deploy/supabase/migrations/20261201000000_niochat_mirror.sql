-- The mirror of NioChat in a Supabase project. For `supabase db push` or `niochat supabase push`; it
-- may run twice. Each file is one transaction.
--
-- The service role writes, and users who carry a token of their provider read. A row is never
-- deleted: `deleted_at` marks it and its content is empty, because Realtime tells deleted keys to
-- everybody.

create table if not exists public.conversations (
    provedor_id uuid not null,
    id uuid not null,
    contact_id uuid,
    inbox_id uuid,
    status text,
    assignee_id text,
    created_at timestamptz,
    updated_at timestamptz,
    ended_at timestamptz,
    additional_attributes jsonb,
    deleted_at timestamptz,
    version bigint not null,
    primary key (provedor_id, id)
);

create table if not exists public.contacts (
    provedor_id uuid not null,
    id uuid not null,
    name text,
    phone text,
    email text,
    avatar text,
    created_at timestamptz,
    updated_at timestamptz,
    additional_attributes jsonb,
    deleted_at timestamptz,
    version bigint not null,
    primary key (provedor_id, id)
);

create table if not exists public.mensagens (
    provedor_id uuid not null,
    id uuid not null,
    conversation_id uuid,
    contact_id uuid,
    content text,
    message_type text,
    is_from_customer boolean,
    external_id text,
    file_url text,
    file_name text,
    file_size bigint,
    additional_attributes jsonb,
    created_at timestamptz,
    deleted_at timestamptz,
    version bigint not null,
    primary key (provedor_id, id)
);

create table if not exists public.csat_feedback (
    provedor_id uuid not null,
    id uuid not null,
    conversation_id uuid,
    contact_id uuid,
    emoji_rating text,
    rating_value bigint,
    feedback_sent_at timestamptz,
    original_message text,
    contact_avatar text,
    additional_attributes jsonb,
    created_at timestamptz,
    deleted_at timestamptz,
    version bigint not null,
    primary key (provedor_id, id)
);

create table if not exists public.auditoria (
    provedor_id uuid not null,
    id uuid not null,
    conversation_id uuid,
    action text,
    details jsonb,
    user_id text,
    ended_at timestamptz,
    created_at timestamptz,
    deleted_at timestamptz,
    version bigint not null,
    primary key (provedor_id, id)
);

create table if not exists public.rollups (
    provedor_id uuid not null,
    id uuid not null,
    grain text,
    dimension text,
    bucket timestamptz,
    key text,
    conversations bigint,
    outside_hours bigint,
    resolved bigint,
    resolved_agent bigint,
    resolved_assistant bigint,
    resolved_inactivity bigint,
    solved_by_assistant bigint,
    with_people bigint,
    handoffs bigint,
    reopened bigint,
    transfers bigint,
    offline_returns bigint,
    after_hours bigint,
    first_answers bigint,
    first_answer_ms bigint,
    first_answer_open_ms bigint,
    first_human_answers bigint,
    first_human_ms bigint,
    first_human_open_ms bigint,
    next_answers bigint,
    next_answer_ms bigint,
    next_answer_open_ms bigint,
    assistant_ms bigint,
    assistant_open_ms bigint,
    waiting_ms bigint,
    waiting_open_ms bigint,
    agent_ms bigint,
    agent_open_ms bigint,
    snoozed_ms bigint,
    snoozed_open_ms bigint,
    resolution_ms bigint,
    resolution_open_ms bigint,
    ratings bigint,
    rating_sum bigint,
    messages_customer bigint,
    messages_assistant bigint,
    messages_agent bigint,
    messages_phone bigint,
    messages_system bigint,
    messages_failed bigint,
    turns bigint,
    turn_failures bigint,
    tool_calls bigint,
    tokens bigint,
    cost_micros bigint,
    with_turns bigint,
    solved_with_turns bigint,
    confirmed_by_words bigint,
    returned_24h bigint,
    returned_72h bigint,
    created_at timestamptz,
    deleted_at timestamptz,
    version bigint not null,
    primary key (provedor_id, id)
);

create index if not exists conversations_by_created_at on public.conversations (provedor_id, created_at desc);
create index if not exists conversations_by_contact_id on public.conversations (provedor_id, contact_id);
create index if not exists conversations_by_updated_at on public.conversations (provedor_id, updated_at desc);
create index if not exists contacts_by_created_at on public.contacts (provedor_id, created_at desc);
create index if not exists mensagens_by_conversation_id_created_at on public.mensagens (provedor_id, conversation_id, created_at);
create index if not exists mensagens_by_created_at on public.mensagens (provedor_id, created_at desc);
create index if not exists csat_feedback_by_feedback_sent_at on public.csat_feedback (provedor_id, feedback_sent_at desc);
create index if not exists csat_feedback_by_created_at on public.csat_feedback (provedor_id, created_at desc);
create index if not exists auditoria_by_created_at on public.auditoria (provedor_id, created_at desc);
create index if not exists auditoria_by_conversation_id on public.auditoria (provedor_id, conversation_id);
create index if not exists auditoria_by_action_created_at on public.auditoria (provedor_id, action, created_at desc);
create index if not exists rollups_by_grain_dimension_bucket on public.rollups (provedor_id, grain, dimension, bucket desc);
create index if not exists rollups_by_created_at on public.rollups (provedor_id, created_at desc);

-- An older row never replaces a newer one, whoever writes: the update is left out.
create or replace function public.niochat_keep_newest() returns trigger
    language plpgsql set search_path = '' as $$
begin
    if new.version <= old.version then
        return null;
    end if;
    return new;
end $$;

-- The digest of a row without its version. NioChat computes the same of its own rows.
create or replace function public.niochat_digest(mirrored jsonb) returns numeric
    language sql immutable set search_path = ''
    return ('x' || left(md5((mirrored - 'version')::text), 16))::bit(64)::bigint::numeric;

-- How many rows of a table each day (UTC) from `first_day` to before `end_day` has, and the sum of
-- their digests. Without a limit: all days on that side. Marks of deleted rows do not count.
create or replace function public.niochat_count_days(
    provider uuid, mirrored_table text, first_day date, end_day date)
    returns table (day date, counted bigint, digest numeric)
    language plpgsql stable set search_path = '' set timezone = 'UTC' as $$
begin
    if mirrored_table not in ('conversations', 'contacts', 'mensagens', 'csat_feedback', 'auditoria',
                              'rollups') then
        raise exception 'no table of the mirror: %', mirrored_table;
    end if;
    return query execute format(
        'select t.created_at::date, count(*), sum(public.niochat_digest(to_jsonb(t)))
           from public.%I t where t.provedor_id = $1 and t.deleted_at is null
            and t.created_at >= coalesce($2::timestamptz, ''-infinity'')
            and t.created_at < coalesce($3::timestamptz, ''infinity'')
          group by 1 order by 1', mirrored_table) using provider, first_day, end_day;
end $$;

-- The rows of a table that a day has, with their digests, in pages of at most 1,000 after an id.
create or replace function public.niochat_list_day(
    provider uuid, mirrored_table text, wanted date, after uuid)
    returns table (id uuid, digest numeric)
    language plpgsql stable set search_path = '' set timezone = 'UTC' as $$
begin
    if mirrored_table not in ('conversations', 'contacts', 'mensagens', 'csat_feedback', 'auditoria',
                              'rollups') then
        raise exception 'no table of the mirror: %', mirrored_table;
    end if;
    return query execute format(
        'select t.id, public.niochat_digest(to_jsonb(t)) from public.%I t
          where t.provedor_id = $1 and t.deleted_at is null and t.id > $3
            and t.created_at >= $2::timestamptz and t.created_at < ($2 + 1)::timestamptz
          order by t.id limit 1000', mirrored_table) using provider, wanted, after;
end $$;

revoke all on function public.niochat_keep_newest(), public.niochat_digest(jsonb),
    public.niochat_count_days(uuid, text, date, date), public.niochat_list_day(uuid, text, date, uuid)
    from public, anon, authenticated;
grant execute on function public.niochat_digest(jsonb), public.niochat_count_days(uuid, text, date, date),
    public.niochat_list_day(uuid, text, date, uuid) to service_role;

-- The provider comes from the signed token and from nowhere else. Without it, nothing is visible. A
-- token that names tables opens these alone.
do $$
declare
    mirrored text;
begin
    foreach mirrored in array array['conversations', 'contacts', 'mensagens', 'csat_feedback',
                                    'auditoria', 'rollups'] loop
        execute format('revoke all on public.%I from public, anon, authenticated, service_role',
                       mirrored);
        execute format('grant select on public.%I to authenticated', mirrored);
        execute format('grant select, insert, update on public.%I to service_role', mirrored);
        execute format('alter table public.%I enable row level security', mirrored);
        execute format('alter table public.%I force row level security', mirrored);
        execute format('drop policy if exists own_provider on public.%I', mirrored);
        execute format(
            'create policy own_provider on public.%I for select to authenticated using
             (provedor_id = ((select auth.jwt()) -> ''app_metadata'' ->> ''tenant_id'')::uuid
              and coalesce((select auth.jwt()) -> ''app_metadata'' -> ''tables'' ? %L, true))',
            mirrored, mirrored);
        execute format('drop trigger if exists niochat_keep_newest on public.%I', mirrored);
        execute format('create trigger niochat_keep_newest before update on public.%I
                        for each row execute function public.niochat_keep_newest()', mirrored);
    end loop;
end $$;

-- Realtime tells subscribers of inserted and updated rows that they may read.
do $$
declare
    mirrored text;
begin
    if not exists (select from pg_publication where pubname = 'supabase_realtime') then
        create publication supabase_realtime;
    end if;
    foreach mirrored in array array['conversations', 'contacts', 'mensagens', 'csat_feedback',
                                    'auditoria', 'rollups'] loop
        if not exists (select from pg_publication_tables
                        where pubname = 'supabase_realtime' and schemaname = 'public'
                          and tablename = mirrored) then
            execute format('alter publication supabase_realtime add table public.%I', mirrored);
        end if;
    end loop;
end $$;

notify pgrst, 'reload schema';

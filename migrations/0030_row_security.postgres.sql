-- The second wall of tenancy. Each transaction says in `sixfold.reach` which groups it may reach: a
-- list, and with each of them all below it, or `everything`; who says nothing reaches nothing. What
-- the house itself does says `everything`. `docs/decisions/0004-row-security.md` has the reasons.

-- The groups this transaction says it may reach; null when it says nothing, or `everything`.
create function reached() returns uuid[] language plpgsql stable parallel safe as $$
declare
    said constant text := current_setting('sixfold.reach', true);
    member_of constant text := nullif(current_setting('sixfold.member_of', true), '');
begin
    return case when said like '{%' then said::uuid[] || coalesce(member_of, '{}')::uuid[] end;
end
$$;

-- The tops of the trees somebody is in. Who is in more groups than a transaction should name says
-- this in `sixfold.member_of`.
create function trees_of(person uuid) returns uuid[] language plpgsql stable parallel safe as $$
begin
    return array(
        select distinct (
            select a.ancestor_id from group_ancestors a where a.group_id = m.group_id
            order by a.depth desc limit 1
        )
        from memberships m where m.person_id = person and m.status = 'active'
    );
end
$$;

-- The same with every group below them, in order.
create function reached_below() returns uuid[] language plpgsql stable parallel safe as $$
begin
    return array(
        select distinct a.group_id from group_ancestors a
        where a.ancestor_id = any (reached()) order by a.group_id
    );
end
$$;

-- The same with every group above them.
create function reached_above() returns uuid[] language plpgsql stable parallel safe as $$
begin
    return array(
        select distinct a.ancestor_id from group_ancestors a where a.group_id = any (reached())
    );
end
$$;

-- Lets a table show and change only rows `within` the wall, and holds its owner to that as well.
--
-- Scalar subselects are asked once for each statement, when the first row needs them, and not for
-- each row. `case` keeps the order, and lets the planner expect neither few rows nor all.
create function raise_wall(walled regclass, within text, read_by_all boolean default false)
returns void language plpgsql as $$
declare
    whole constant text := format(
        'case when (select current_setting(''sixfold.reach'', true)) = ''everything'' then true '
        '%s end', within);
begin
    execute format('alter table %s enable row level security', walled);
    execute format('alter table %s force row level security', walled);
    if read_by_all then
        execute format('create policy read_by_all on %s for select using (true)', walled);
        execute format('create policy wall_insert on %s for insert with check (%s)', walled, whole);
        execute format('create policy wall_update on %s for update using (%s)', walled, whole);
        execute format('create policy wall_delete on %s for delete using (%s)', walled, whole);
    else
        execute format('create policy wall on %s using (%s)', walled, whole);
    end if;
end
$$;

-- The wall of a table whose rows belong to a group; every such table has it. Most rows are of a
-- group that was named, so that is written out rather than left to a function. For the others,
-- `width_bucket` finds the place in what is below in as many steps as its length has bits, however
-- large the tree is.
create function wall_around(
    walled regclass, of_group name default 'group_id', read_by_all boolean default false
) returns void language plpgsql as $$
begin
    perform raise_wall(walled, format(
        'when %1$I = any ((select nullif(nullif(current_setting(''sixfold.reach'', true), ''''), '
        '''everything'')::uuid[])::uuid[]) then true '
        'else %1$I = (select reached_below())[width_bucket(%1$I, (select reached_below()))]',
        of_group), read_by_all);
end
$$;

-- Whether everybody who is signed in may see a group.
create function is_public_group(asked uuid) returns boolean
language plpgsql stable parallel safe cost 1 as $$
begin
    return exists (select 1 from groups g where g.id = asked and g.visibility = 'public');
end
$$;

-- Whether a thing is there for this transaction.
create function is_reached_thing(asked uuid) returns boolean
language plpgsql stable parallel safe cost 1 as $$
begin
    return exists (select 1 from things t where t.id = asked);
end
$$;

-- Whether a thing, or one that is gone, is private to somebody else: what the log of one tree tells
-- of a thing in another is hidden behind no wall of that tree, so this looks over all of them.
create function is_private_to_others(asked uuid, person uuid) returns boolean
language plpgsql stable as $$
declare
    reach constant text := coalesce(current_setting('sixfold.reach', true), '');
    found boolean;
begin
    perform set_config('sixfold.reach', 'everything', true);
    found := exists (
        select 1 from things t where t.id = asked and t.visibility = 'private'
        and t.owner_id is distinct from person
    ) or exists (
        select 1 from removed_things r where r.id = asked and r.owner_id is distinct from person
        and not exists (select 1 from things t where t.id = r.id)
    );
    perform set_config('sixfold.reach', reach, true);
    return found;
end
$$;

do $$
declare
    walled regclass;
begin
    for walled in
        select c.oid from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
        and a.attname = 'group_id' and not a.attisdropped
        -- Whoever asks for a job to be done may ask on behalf of any group, or of none.
        and c.relname not in ('group_ancestors', 'jobs')
    loop
        perform wall_around(walled);
    end loop;
    perform wall_around('groups', 'id');
    -- The shape of the tree, ids only: the wall itself looks at it.
    perform wall_around('group_ancestors', 'group_id', true);
    -- Rows that belong to a group by way of another row.
    perform raise_wall('thing_revisions', 'else is_reached_thing(thing_id)');
    perform raise_wall(
        'import_errors', 'else exists (select 1 from import_runs r where r.id = import_id)');
    perform raise_wall(
        'import_people', 'else exists (select 1 from import_runs r where r.id = import_id)');
    perform raise_wall('live_receipts', 'else is_reached_thing(room_id)');
    perform raise_wall(
        'webhook_deliveries', 'else exists (select 1 from webhooks w where w.id = webhook_id)');
    perform raise_wall(
        'webhook_attempts',
        'else exists (select 1 from webhook_deliveries d where d.id = delivery_id)');
    perform raise_wall(
        'receiver_messages', 'else exists (select 1 from receivers r where r.id = receiver_id)');
    -- Pairs of ids, which lists look through for each thing with a label.
    perform raise_wall('thing_knowledge', 'else is_reached_thing(thing_id)', true);
    -- Read together with the table of what was found, which has a wall; with one of its own, the
    -- index of words would not be used. Only the house writes it.
    perform raise_wall('search_documents', 'else false', true);
end
$$;

-- What somebody outside may see: public groups, what is public in them, and their own.
create policy public_groups on groups for select using (visibility = 'public');
create policy public_things on things for select
using (visibility = 'public' and is_public_group(group_id));
create policy own on things for select
using (owner_id = (select nullif(current_setting('sixfold.person', true), '')::uuid));
-- A type counts in every group below the one that registered it.
create policy inherited on registered_types for select
using (group_id = any ((select reached_above())::uuid[]));
create policy own on connections for select
using (owner_id = (select nullif(current_setting('sixfold.person', true), '')::uuid));
create policy own on knowledge for select
using (owner_id = (select nullif(current_setting('sixfold.person', true), '')::uuid));
create policy own on events for select
using (owner_id = (select nullif(current_setting('sixfold.person', true), '')::uuid));
create policy own on memberships for select
using (person_id = (select nullif(current_setting('sixfold.person', true), '')::uuid));
-- Who asked to be let in takes it back, whatever they may see of the group by now; its log is told.
create policy own on join_requests
using (person_id = (select nullif(current_setting('sixfold.person', true), '')::uuid));
create policy own_deeds on events for insert
with check (actor_id = (select nullif(current_setting('sixfold.person', true), '')::uuid));

-- A scalar subselect is asked once for each statement, and costs each statement its making, also one
-- that is about a single row. So what asks row by row for few of them asks in place: inserts, updates
-- and deletions, and the counters of usage. Lists go on with subselects, which cost a row next to
-- nothing.

-- Whether this transaction says it may reach a group by naming one above it.
create function is_reached(asked uuid) returns boolean language plpgsql stable parallel safe cost 1 as $$
declare
    said constant uuid[] := reached();
begin
    return exists (
        select 1 from group_ancestors a
        where a.group_id = asked and a.ancestor_id = any (said)
    );
end
$$;

-- The wall of a table whose rows belong to a group, as before; `by_row` asks in place for reading,
-- too. Ids are looked for in what the transaction said as they are written there: all of one length,
-- with nothing in them that parts them.
drop function wall_around(regclass, name, boolean);

create function wall_around(
    walled regclass,
    of_group name default 'group_id',
    read_by_all boolean default false,
    by_row boolean default false
) returns void language plpgsql as $$
declare
    lists constant text := format(
        'case when (select current_setting(''sixfold.reach'', true)) = ''everything'' then true '
        'when %1$I = any ((select nullif(nullif(current_setting(''sixfold.reach'', true), ''''), '
        '''everything'')::uuid[])::uuid[]) then true '
        'else %1$I = (select reached_below())[width_bucket(%1$I, (select reached_below()))] end',
        of_group);
    a_row constant text := format(
        'case when current_setting(''sixfold.reach'', true) = ''everything'' then true '
        'when strpos(current_setting(''sixfold.reach'', true), %1$I::text) > 0 then true '
        'else is_reached(%1$I) end',
        of_group);
    policy name;
begin
    execute format('alter table %s enable row level security', walled);
    execute format('alter table %s force row level security', walled);
    foreach policy in array
        array['wall', 'read_by_all', 'wall_insert', 'wall_update', 'wall_delete']::name[]
    loop
        execute format('drop policy if exists %I on %s', policy, walled);
    end loop;
    if read_by_all then
        execute format('create policy read_by_all on %s for select using (true)', walled);
    elsif by_row then
        execute format('create policy wall on %s for select using (%s)', walled, a_row);
    else
        execute format('create policy wall on %s for select using (%s)', walled, lists);
    end if;
    execute format('create policy wall_insert on %s for insert with check (%s)', walled, a_row);
    execute format('create policy wall_update on %s for update using (%s)', walled, a_row);
    execute format('create policy wall_delete on %s for delete using (%s)', walled, a_row);
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
        and c.relname not in ('group_ancestors', 'jobs', 'usage_counters', 'usage_cuts')
        -- Those that stood open before stay open.
        and exists (select 1 from pg_policy p where p.polrelid = c.oid and p.polname = 'wall')
    loop
        perform wall_around(walled);
    end loop;
    perform wall_around('groups', 'id');
    perform wall_around('group_ancestors', 'group_id', true);
    perform wall_around('usage_counters', by_row => true);
    perform wall_around('usage_cuts', by_row => true);
end
$$;

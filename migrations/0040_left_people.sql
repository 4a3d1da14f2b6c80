-- Member records without a login that were taken out of their last group kept all but their username,
-- and nobody could see, change or erase them any more. What is left is what an erasure leaves.
update people set
    email = null, username = null, display_name = 'Deleted user', bio = null, avatar = null,
    metadata = '{}', preferences = null, version = version + 1
where user_id is null
    and not exists (select m.group_id from memberships m where m.person_id = people.id);

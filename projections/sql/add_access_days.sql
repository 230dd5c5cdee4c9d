-- Adds to the days of actors. `roles` comes as JSON, `hours` as the text of an array: arrays of arrays would be taken
-- apart.
insert into read_model.access_day as d
       (partition, day, actor, roles, hours, customers, looks, break_glass, empty_searches, denied)
select $1, u.day, u.actor, array(select jsonb_array_elements_text(u.roles::jsonb)), u.hours::bigint[], u.customers, u.looks, u.break_glass, u.empty_searches,
       u.denied
  from unnest($2::date[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
              $10::bigint[])
       u (day, actor, roles, hours, customers, looks, break_glass, empty_searches, denied)
    on conflict (partition, day, actor) do update
   set roles = array(select distinct r from unnest(d.roles || excluded.roles) r order by r),  -- maybe none: array_agg is null then
       hours = (select array_agg(h.old + h.more order by h.at)
                  from unnest(d.hours, excluded.hours) with ordinality h (old, more, at)),
       customers = d.customers + excluded.customers,
       looks = d.looks + excluded.looks,
       break_glass = d.break_glass + excluded.break_glass,
       empty_searches = d.empty_searches + excluded.empty_searches,
       denied = d.denied + excluded.denied

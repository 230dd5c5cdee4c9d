-- template: {v} is the version of the tables
-- Members of staff who belong to a unit ($2) and have not left, by pseudonym after one ($3).
select a.entry_id, a.actor
  from read_model.actor{v} a
 where a.partition = $1
   and (a.organisation_unit, a.actor) > ($2::text, $3::text) and a.organisation_unit <= $2::text
   and a.valid_until is null
 order by a.organisation_unit, a.actor
 limit $4

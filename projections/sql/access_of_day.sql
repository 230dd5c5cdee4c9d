select d.actor, d.roles, d.customers, d.looks, d.hours, d.break_glass, d.empty_searches, d.denied
  from read_model.access_day d
 where d.partition = $1 and d.day >= $2 and d.day <= $2
 order by d.partition, d.day, d.actor

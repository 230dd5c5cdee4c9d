-- template: {v} is the version of the table. Where events of a type stand: a range of the index alone.
select a.position from read_model.audit_trail{v} a where a.partition = $1 and a.type = $2 order by a.position

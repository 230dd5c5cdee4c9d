-- Both kinds are named, so that the key narrows a range of the index.
delete from read_model.contact_due d
 where d.partition = $1 and d.kind in ('touch', 'consent') and d.key = any ($2::uuid[])

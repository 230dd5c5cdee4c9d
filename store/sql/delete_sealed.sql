-- $2 subjects, $3 key ids: by the subjects' index, those of a destroyed key.
delete from record.sealed
 where partition = $1 and subject_id = any ($2::uuid[]) and key_id = any ($3::uuid[])

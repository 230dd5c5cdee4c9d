-- Those that are in the policy no more.
delete from seal.witness where partition = $1 and origin = $2 and name <> all($3::text[])

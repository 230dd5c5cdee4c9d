-- Whether one of these versions of these streams is taken; a probe for each, so that no plan joins the whole table.
select exists (
    select
      from unnest($2::uuid[], $3::bigint[]) wanted(stream, version)
     where wanted.version = (select e.version
                               from record.event e
                              where e.partition = $1 and e.stream_id = wanted.stream and e.version >= wanted.version
                              order by e.stream_id, e.version
                              limit 1)
)

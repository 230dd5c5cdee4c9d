-- template: {v} is the version of the tables
-- How a customer has responded to invitations. Row comparisons, so that no plan walks all invitations instead.
select count(*) as invited,
       count(*) filter (where r.status = 'answered') as answered,
       count(*) filter (where r.status = 'expired') as expired
  from (select i.status
          from read_model.survey_invitation{v} i
         where i.partition = $1 and (i.customer_id, i.position) >= ($2::uuid, 0::bigint) and i.customer_id <= $2::uuid
         order by i.partition, i.customer_id, i.position) r

-- template: {v} is the version of the tables
-- The touches before each conversion of a period, by campaign and channel: how many came first, how many last, and how
-- many there were among so many.
select p.campaign_id, p.channel, p.of, count(*) as touches, count(*) filter (where p.place = 1) as firsts,
       count(*) filter (where p.place = p.of) as lasts
  from (select s.campaign_id, s.channel, row_number() over path as place,
               count(*) over (partition by c.touch_id) as of
          from read_model.campaign_touch{v} c
          join read_model.campaign_touch{v} s
            on s.partition = $1 and s.customer_id = c.customer_id and s.sent_at <= c.converted_at
           and s.sent_at > c.converted_at - $4::interval
         where c.partition = $1 and c.converted_at >= $2 and c.converted_at < $3
        window path as (partition by c.touch_id order by s.sent_at, s.touch_id)) p
 group by p.campaign_id, p.channel, p.of

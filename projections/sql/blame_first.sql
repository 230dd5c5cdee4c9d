update read_model.parked p set error = 'waits to be folded again'
 where p.partition = $1 and p.projection = $2 and p.version = $3 and p.key = $4 and p.error is null
   and p.position = (select min(q.position) from read_model.parked q
                      where q.partition = $1 and q.projection = $2 and q.version = $3 and q.key = $4)

select exists (select from read_model.parked
                where partition = $1 and projection = $2 and version = $3
                  and (position = $4 or key = any ($5::uuid[])))

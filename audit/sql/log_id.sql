select log_id from seal.identity where partition = 0

select record.fingerprint()

select vkey from seal.certificate_key where partition = 0 order by since, vkey

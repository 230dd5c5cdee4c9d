select epoch, count(*) as keys from vault.data_key where partition = $1 group by epoch order by epoch

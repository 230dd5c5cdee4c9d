select name, value from vault.key_check where partition = $1

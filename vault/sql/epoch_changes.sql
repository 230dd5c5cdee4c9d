select epoch, change, actor, approved_by, at from vault.epoch where partition = $1 order by epoch, at

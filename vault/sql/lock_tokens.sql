-- Waits for tokens that are being put; those that come later see the tombstone.
lock table vault.blind_index in share row exclusive mode

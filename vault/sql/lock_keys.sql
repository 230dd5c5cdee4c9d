-- Waits for keys and holds that are being made, and lets none in between: what is found next is all there is.
lock table vault.data_key, vault.hold in share row exclusive mode

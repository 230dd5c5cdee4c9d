"""Proof that the record is whole and unchanged: Merkle logs in the formats of transparency logs.

`merkle`, `tiles`, `notes`, `checkpoint`, `leaf` and `proof` are pure. Formats: RFC 6962 section 2.1; C2SP tlog-tiles,
signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof, tlog-policy.
"""

"""Measured claims: each benchmark measures Daybook and its peer or limit in one run, on one server, fsync on."""

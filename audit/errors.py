"""Why sealing stops."""


class SealingStopped(RuntimeError):
    """A log and what it is compared with differ: nothing is signed until somebody has looked. Says what differs."""


class SealLeaseLost(RuntimeError):
    """Another process seals this log now."""

"""Why sealing stops."""


class SealingStopped(RuntimeError):
    """A log and what it is compared with differ: nothing is signed until somebody has looked. Says what differs."""


class SealLeaseLost(RuntimeError):
    """Another process seals this log now."""


class CountersignatureMissing(RuntimeError):
    """Policy wants signatures of others that could not be had now: the checkpoint waits for them, and says for whom."""


class CertificatesUnavailable(SealingStopped):
    """This process cannot sign certificates: it has no key for them, or another one. Says what to do."""

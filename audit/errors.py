"""Why sealing stops."""


class SealingStopped(RuntimeError):
    """A log and what it is compared with differ: nothing is signed until somebody has looked. Says what differs."""


class SealLeaseLost(RuntimeError):
    """Another process seals this log now."""


class GuardMoved(SealLeaseLost):
    """The fork guard is not where this process left it: another one sealed the log meanwhile."""


class CountersignatureMissing(RuntimeError):
    """Policy wants signatures of others that could not be had now: the checkpoint waits for them, and says for whom."""


class CertificatesUnavailable(SealingStopped):
    """This process cannot sign certificates: it has no key for them, or another one. Says what to do."""


class DecisionRefused(SealingStopped):
    """What was decided about the logs cannot be done; the message says why and what to do."""

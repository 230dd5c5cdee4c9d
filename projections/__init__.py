"""Read models: how events change them, and their queries. One file per read model (its longer queries beside it).

Everything asks a `ReadModels` (`projections.models`), made once per process:

    models = await ReadModels.open(record, mapper.fact, PROJECTIONS)      # projections.registry.PROJECTIONS
    seen = await models.wait_for("customer_profile", Cursor.parse(token), timeout_s=5, concerning=(customer_id,))
    how_far = await models.progress("customer_profile")     # next positions, parked keys

Queries (each a coroutine whose first argument is the `ReadModels`):

- `customer_profile.profile(models, customer_id) -> Profile | None`
- `timeline.timeline(models, customer_id, *, types=(), after=None, limit=50) -> Timeline`
- `satisfaction_history.history(models, customer_id, *, after=None, limit=50) -> History`
- `satisfaction_series.series(models, Slice(...), *, by=("month", "channel")) -> Series`
- `audit_trail.search(models, AuditFilter(...), *, after=None, limit=50) -> AuditPage`
- `audit_trail.detail(models, event_id) -> AuditDetail | None`
- `complaint_search.complaint(models, complaint_id) -> ComplaintRow | None`
- `complaint_search.search(models, ComplaintFilter(...), *, after=None, limit=50) -> ComplaintPage`
- `complaint_search.counts(models, CountFilter(...), *, by=("status", "month")) -> ComplaintCounts`
- `campaign_results.results(models, campaign_id) -> CampaignResults | None`
- `campaign_results.campaigns(models, *, status=None, after=None, limit=50) -> CampaignPage`

Keeping them up to date: `projections.follower.Follower` reads one partition under a lease (`engine.following`
runs one per partition), `projections.parking.unpark` folds again what was parked, `replay.rebuild.rebuild` and
`replay.swap.rollback` change versions.

`after` and a page's `next` are opaque cursor texts (None: from the start; no more). Answers are frozen
dataclasses. Totals carry `parked`, the number of customers or streams they leave out: unless it is 0 they
are incomplete. Personal data is never here: a `SealedAt` says where it can be opened.

Timeline and audit details read the record itself, so they need no waiting; the others follow it.
"""

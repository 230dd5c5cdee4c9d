-- Whose data may not be shown now: the few events that say so are found without reading the others of a customer.
create index event_withholding on record.event (partition, customer_id, position)
    where type in ('erasure.requested', 'erasure.completed', 'erasure.abandoned', 'privacy-request.decided',
                   'privacy-request.restriction-lifted');

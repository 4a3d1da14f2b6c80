-- What webhooks sent about somebody is found by its event when they are erased.
create index webhook_deliveries_of_event on webhook_deliveries (event_id);

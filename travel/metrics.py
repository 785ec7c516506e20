"""What the process counts; `GET /metrics` and the worker's own port show it. Names begin with `bauhaus_`."""

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]

looks = Counter("bauhaus_aeroapi_looks", "Looks at flights, by how AeroAPI answered.", ["answer"])
result_sets = Counter("bauhaus_aeroapi_result_sets", "Result sets that AeroAPI charged.")
looks_paced = Counter("bauhaus_aeroapi_paced", "What AeroAPI's rate did to looks.", ["effect"])
looks_rested = Counter("bauhaus_aeroapi_rested", "Looks that were not made, by why not.", ["reason"])
refused = Counter("bauhaus_graphql_refused", "Requests to /graphql of which nothing was executed.")
odd_statuses = Counter("bauhaus_aeroapi_unknown_status_texts", "Status texts outside the known ones.")
changes = Counter("bauhaus_status_changes", "Differences recorded in the status history.", ["kind"])
decided = Counter("bauhaus_notifications_decided", "Notifications decided, by type.", ["type"])
attempts = Counter("bauhaus_delivery_attempts", "Tries to hand a message to Twilio, by outcome.", ["outcome"])
refusals = Counter(
    "bauhaus_delivery_refusals", "Messages that Twilio refused or failed, by what would help.", ["remedy"]
)
paced = Counter("bauhaus_delivery_paced", "What a sender's pace did to messages.", ["effect"])
paused = Gauge("bauhaus_sending_paused", "Agencies whose sending is paused, by channel.", ["channel"])
unknowns = Counter("bauhaus_unknown_settled", "Messages of unknown fate, by how they were settled.", ["how"])
receipts = Counter("bauhaus_delivery_receipts", "Callbacks of Twilio, by status and what we did.", ["status", "effect"])
job_failures = Counter("bauhaus_job_failures", "Jobs that ended in an exception.", ["job"])
decided_to_accepted = Histogram(
    "bauhaus_decided_to_accepted_seconds",
    "From the moment a message was due to Twilio's 201.",
    buckets=(0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800),
)
overdue_flights = Gauge("bauhaus_flights_overdue_seconds", "Age of the most overdue look.")
waiting = Gauge("bauhaus_notifications_waiting", "Notifications that are due or on their way, by status.", ["status"])
overdue_notifications = Gauge("bauhaus_notifications_overdue_seconds", "Age of the most overdue notification.")
database_away = Counter("bauhaus_database_away", "Readings of the backlog that the database did not answer.")


def show_backlog(
    *, pending: int, sending: int, unknown: int, overdue_seconds: float, flights_overdue_seconds: float
) -> None:
    """Set the gauges that tell how far behind we are."""
    for status, count in (("PENDING", pending), ("SENDING", sending), ("UNKNOWN", unknown)):
        waiting.labels(status).set(count)
    overdue_notifications.set(overdue_seconds)
    overdue_flights.set(flights_overdue_seconds)

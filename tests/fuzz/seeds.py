"""What a good client says; every input begins as one of these."""

from datetime import UTC, datetime, timedelta
from typing import Any

TRIP = {
    "traveller": {"name": "Ana Pérez", "phone": "+5491155550101", "language": "ES"},
    "flight": "AR1303",
    "origin": "EZE",
    "destination": "MIA",
    # Within what an agency may book, whenever this runs.
    "departure": f"{datetime.now(UTC) + timedelta(days=20):%Y-%m-%d}T10:00",
    "reference": "R1",
    "idempotencyKey": "k1",
}
ID = "VHJpcDowMTk1Mzk3OC0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDA"

PAYLOADS: list[dict[str, Any]] = [
    {"query": "{ viewer { name role agency { id name settings { version } } } }"},
    {
        "query": "query($n: Int, $f: TripFilter, $o: TripOrder) { trips(first: $n, filter: $f, orderBy: $o) { totalCount "
        "pageInfo { hasNextPage endCursor } edges { cursor node { ...T } } } } fragment T on Trip { id reference status "
        "traveller { name phone } flight { ident departure { scheduledAt airport { code } } } notifications(last: 2) { nodes { id body } } }",
        "variables": {
            "n": 3,
            "f": {"search": "Ana", "status": ["UPCOMING"], "departureFrom": "2026-01-01T00:00:00Z"},
            "o": {"field": "DEPARTURE", "direction": "DESC"},
        },
    },
    {"query": "query A($id: ID!) { trip(id: $id) { id told { gate } } node(id: $id) { id } }", "variables": {"id": ID}},
    {"query": "query A { __typename } query B { viewer { name } }", "operationName": "B"},
    {"query": "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Trip { notes } } }", "variables": {"ids": [ID, "x"]}},
    {"query": '{ notifications(first: 5, after: "x") { nodes { id type status dueAt } } }'},
    {
        "query": '{ agency { activity(from: "2026-01-01T00:00:00Z", until: "2026-02-01T00:00:00Z") { trips aeroapiByDay { day } } } }'
    },
    {
        "query": "mutation($input: CreateTripInput!) { createTrip(input: $input) { trip { id } userErrors { code message path } } }",
        "variables": {"input": TRIP},
    },
    {
        "query": "mutation($input: ImportTripsInput!) { importTrips(input: $input) { created failed results { trip { id } userErrors { code } } } }",
        "variables": {"input": {"trips": [TRIP, TRIP]}},
    },
    {
        "query": "mutation($input: UpdateAgencySettingsInput!) { updateAgencySettings(input: $input) { settings { version } userErrors { code } } }",
        "variables": {"input": {"version": 1, "quietHoursStart": "22:00", "retryBackoffFactor": 2.5}},
    },
    {"query": f'mutation {{ archiveTrip(input: {{ tripId: "{ID}" }}) {{ trip {{ id }} userErrors {{ code }} }} }}'},
    {"documentId": "0" * 64},
    {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
]
STREAMS: list[dict[str, Any]] = [
    {"query": "subscription($after: String) { events(after: $after) { __typename cursor sequence } }"},
    {
        "query": "subscription($k: [EventKind!]) { events(kinds: $k) { sequence ... on TripCreated { trip { id } } } }",
        "variables": {"k": ["TRIP_CREATED", "SETTINGS_UPDATED"]},
    },
    {
        "query": "subscription($id: ID) { tripStatusChanged(tripId: $id) { cursor } }",
        "variables": {"id": None},
        "extensions": {"a": 1},
    },
]

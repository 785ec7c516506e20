// The board lives from the public API alone: one query for the page, one subscription after its cursor.
const TRIP = `
  id status
  traveller { name }
  flight {
    ident identIata departureDelayMinutes
    departure { scheduledAt estimatedAt gate airport { code timezone } }
    arrival { airport { code } }
  }
  notifications(first: 1) { nodes { type status } }`;
const PAGE = `query Board { agency { name eventCursor } trips(first: 100) { nodes { ${TRIP} } } }`;
const EVENTS = `subscription Board($after: String) { events(after: $after) {
  __typename cursor sequence occurredAt
  ... on TripCreated { trip { ${TRIP} } }
  ... on TripUpdated { trip { ${TRIP} } }
  ... on TripStatusChanged { trip { ${TRIP} } record { changes { kind before after } } }
  ... on NotificationUpdated { notification { type status reason trip { ${TRIP} } } } } }`;

const element = (id) => document.getElementById(id);
const trips = new Map();
let key = "";
let cursor = null;
let waited = 0;

element("door").addEventListener("submit", (event) => {
  event.preventDefault();
  key = element("key").value.trim();
  open();
});

async function open() {
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` },
    body: JSON.stringify({ query: PAGE }),
  });
  const { data, errors } = await answer.json();
  if (!data) return say(errors?.[0]?.message ?? "The server does not answer.");
  element("door").hidden = true;
  document.querySelector("main").hidden = false;
  trips.clear();
  data.trips.nodes.forEach((trip) => trips.set(trip.id, trip));
  cursor = data.agency.eventCursor;
  draw();
  follow(data.agency.name);
}

function follow(agency) {
  const address = new URL("/graphql", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address, "graphql-transport-ws");
  const send = (message) => socket.send(JSON.stringify(message));
  socket.onopen = () => send({ type: "connection_init", payload: { authorization: `Bearer ${key}` } });
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "ping") send({ type: "pong" });
    if (message.type === "connection_ack")
      send({ id: "board", type: "subscribe", payload: { query: EVENTS, variables: { after: cursor } } });
    if (message.type === "next" && message.payload.data) {
      waited = 0;
      say(`${agency}, live`);
      take(message.payload.data.events);
    }
  };
  socket.onclose = () => {
    say(`Stale since ${new Date().toLocaleTimeString()}; reconnecting`);
    waited = Math.min(30_000, (waited || 500) * 2);
    setTimeout(() => follow(agency), waited * Math.random());
  };
}

function take(event) {
  cursor = event.cursor;
  if (event.__typename === "Resync") return open();
  const trip = event.trip ?? event.notification?.trip;
  if (!trip) return;
  trips.set(trip.id, trip);
  draw();
  const item = document.createElement("li");
  item.value = event.sequence;
  item.textContent = `${trip.flight.identIata ?? trip.flight.ident}: ${told(event)}`;
  element("events").prepend(item);
  while (element("events").childElementCount > 100) element("events").lastElementChild.remove();
}

function told(event) {
  if (event.notification)
    return `${event.notification.type} ${event.notification.status} ${event.notification.reason ?? ""}`;
  if (event.record) return event.record.changes.map((each) => `${each.kind} ${each.before ?? "–"} → ${each.after ?? "–"}`).join(", ");
  return event.__typename;
}

function draw() {
  const departs = ({ flight }) => flight.departure.estimatedAt ?? flight.departure.scheduledAt;
  const rows = [...trips.values()].sort((a, b) => departs(a).localeCompare(departs(b)));
  element("trips").replaceChildren(...rows.map((trip) => row(trip, departs(trip))));
}

function row(trip, departs) {
  const { flight } = trip;
  const local = new Date(departs).toLocaleString([], {
    timeZone: flight.departure.airport.timezone, weekday: "short", hour: "2-digit", minute: "2-digit",
  });
  const message = trip.notifications.nodes[0];
  const late = flight.departureDelayMinutes ?? 0;
  const cells = [
    local, flight.identIata ?? flight.ident, `${flight.departure.airport.code} → ${flight.arrival.airport.code}`,
    flight.departure.gate ?? "–", trip.status, late ? `${late > 0 ? "+" : ""}${late} min` : "",
    trip.traveller.name, message ? `${message.type} ${message.status}` : "–",
  ];
  const line = document.createElement("tr");
  line.append(...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
  line.children[5].classList.toggle("late", late >= 15);
  return line;
}

function say(text) {
  element("state").textContent = text;
}

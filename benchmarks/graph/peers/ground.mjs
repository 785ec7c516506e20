// What the peers on Node share: the schema, the database as the application's role, and events of the product's shape.

import { readFileSync } from 'node:fs'
import { GraphQLScalarType } from 'graphql'
import postgres from 'postgres'

const text = (name) => readFileSync(new URL(name, import.meta.url), 'utf8')

export const port = Number(process.env.PORT)
export const schemaText = text('schema.graphql')
export const airports = JSON.parse(process.env.AIRPORTS)
export const eventsPerSecond = Number(process.env.EVENTS_PER_SECOND ?? 0)

// Whoever started us holds the other end of standard input: a line says that events may begin, its end that we go.
const begun = new Promise((resolve) => process.stdin.on('end', () => process.exit()).once('data', resolve).resume())

export const DateTime = new GraphQLScalarType({ name: 'DateTime', serialize: (value) => value.toISOString() })

const statements = Object.fromEntries(
  ['trips', 'flights', 'told', 'history', 'notifications'].map((name) => [name, text(`sql/${name}.sql`)]),
)

const agency = process.env.AGENCY_ID
const sql = postgres(process.env.DATABASE_URL, { max: 10, transform: { column: postgres.toCamel } })

// One statement in a transaction of the agency, so that row-level security applies.
const read = async (name, ...values) => {
  const [, rows] = await sql.begin((tx) => [
    tx`SELECT set_config('app.agency_id', ${agency}, true)`,
    tx.unsafe(statements[name], values, { prepare: true }),
  ])
  return rows
}

const flightOf = (row) => {
  const end = (side, airport) => ({
    scheduledAt: row[`${side}ScheduledAt`],
    estimatedAt: row[`${side}EstimatedAt`],
    actualAt: row[`${side}ActualAt`],
    gate: row[`${side}Gate`],
    terminal: row[`${side}Terminal`],
    airport: airports[airport],
  })
  return { ...row, departure: end('departure', row.origin), arrival: end('arrival', row.destination) }
}

export const trips = async (first) => {
  const found = await read('trips', agency, first + 1)
  const nodes = found.slice(0, first).map(({ name, phone, language, ...trip }) => ({ ...trip, traveller: { name, phone, language } }))
  return {
    nodes,
    pageInfo: { hasNextPage: found.length > first, endCursor: Buffer.from(nodes.at(-1)?.id ?? '').toString('base64') },
  }
}

export const flights = async (ids) => {
  const found = new Map((await read('flights', ids)).map((row) => [row.id, flightOf(row)]))
  return ids.map((id) => found.get(id))
}

export const told = async (tripIds) => {
  const found = new Map((await read('told', tripIds)).map((row) => [row.tripId, row]))
  return tripIds.map((id) => found.get(id) ?? { cancelled: false })
}

// The first so many of each trip's rows; `name` is history or notifications.
export const pages = async (name, tripIds, first) => {
  const found = new Map(tripIds.map((id) => [id, []]))
  for (const row of await read(name, tripIds, first)) found.get(row.tripId).push(row)
  return tripIds.map((id) => ({ nodes: found.get(id) }))
}

// An event as the product sends it, ids and cursor of the same length.
export const event = (sequence) => ({
  __typename: 'TripStatusChanged',
  cursor: Buffer.from(`["0a1b2c3d",${sequence}]`).toString('base64'),
  sequence,
  occurredAt: new Date(),
  trip: { id: Buffer.from('Trip:7b0f6a2e-58c1-4f0e-9d5b-2f6f3f1c9a10').toString('base64url'), status: 'UPCOMING' },
  record: {
    id: Buffer.from('FlightStatusRecord:7b0f6a2e-58c1-4f0e-9d5b-2f6f3f1c9a10').toString('base64url'),
    phase: 'SCHEDULED',
    changes: [{ kind: 'GATE_ORIGIN', before: '11', after: '12' }],
  },
})

// Call back with an event at the rate that was asked for, once they may begin.
export const tick = async (publish) => {
  await begun
  let sequence = 0
  setInterval(() => publish(event(++sequence)), 1000 / eventsPerSecond)
}

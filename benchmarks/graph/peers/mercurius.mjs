// Mercurius with its JIT: the page by its loaders, and a subscription over its own pubsub.

import fastify from 'fastify'
import mercurius from 'mercurius'
import * as ground from './ground.mjs'

// Every key is asked for once a page, so Mercurius's cache would only cost.
const loader = (load) => ({ loader: load, opts: { cache: false } })

const byTrip = (name) => loader((asked) => ground.pages(name, asked.map(({ obj }) => obj.id), asked[0].params.first))

const app = fastify()
app.register(mercurius, {
  schema: ground.schemaText,
  jit: 1,
  subscription: ground.eventsPerSecond > 0,
  resolvers: {
    DateTime: ground.DateTime,
    Query: { trips: (_, { first }) => ground.trips(first) },
    Subscription: { events: { subscribe: (_, __, { pubsub }) => pubsub.subscribe('events') } },
  },
  loaders: {
    Trip: {
      flight: loader((asked) => ground.flights(asked.map(({ obj }) => obj.flightId))),
      told: loader((asked) => ground.told(asked.map(({ obj }) => obj.id))),
      statusHistory: byTrip('history'),
      notifications: byTrip('notifications'),
    },
  },
})

await app.listen({ port: ground.port, host: '127.0.0.1' })
ground.tick((event) => app.graphql.pubsub.publish({ topic: 'events', payload: { events: event } }))

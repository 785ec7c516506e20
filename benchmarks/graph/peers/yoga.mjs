// GraphQL Yoga as it comes, its caches of parsed and validated documents on: the page by DataLoader.

import { createServer } from 'node:http'
import DataLoader from 'dataloader'
import { createSchema, createYoga } from 'graphql-yoga'
import * as ground from './ground.mjs'

const pages = (name) => new DataLoader((keys) => ground.pages(name, keys.map(([id]) => id), keys[0][1]), { cache: false })

const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs: ground.schemaText,
    resolvers: {
      DateTime: ground.DateTime,
      Query: { trips: (_, { first }) => ground.trips(first) },
      Subscription: { events: { subscribe: () => [] } },
      Trip: {
        flight: (trip, _, { flights }) => flights.load(trip.flightId),
        told: (trip, _, { told }) => told.load(trip.id),
        statusHistory: (trip, { first }, { history }) => history.load([trip.id, first]),
        notifications: (trip, { first }, { notifications }) => notifications.load([trip.id, first]),
      },
    },
  }),
  context: () => ({
    flights: new DataLoader(ground.flights),
    told: new DataLoader(ground.told),
    history: pages('history'),
    notifications: pages('notifications'),
  }),
})

createServer(yoga).listen(ground.port, '127.0.0.1')

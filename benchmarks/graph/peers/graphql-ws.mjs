// graphql-ws, the reference of the protocol, over ws: a subscription from an in-process pubsub of async iterators.

import { createServer } from 'node:http'
import { useServer } from 'graphql-ws/use/ws'
import { createPubSub, createSchema } from 'graphql-yoga'
import { WebSocketServer } from 'ws'
import * as ground from './ground.mjs'

const pubsub = createPubSub()
const schema = createSchema({
  typeDefs: ground.schemaText,
  resolvers: {
    DateTime: ground.DateTime,
    Subscription: { events: { subscribe: () => pubsub.subscribe('events'), resolve: (event) => event } },
  },
})

const server = createServer()
useServer({ schema }, new WebSocketServer({ server, path: '/graphql' }))
server.listen(ground.port, '127.0.0.1')
ground.tick((event) => pubsub.publish('events', event))

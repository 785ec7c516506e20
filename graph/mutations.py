"""The root mutation: check who asks, one action of the house, its answer or its refusals."""

import strawberry

from graph.agency_mutations import AgencyMutations
from graph.message_mutations import MessageMutations
from graph.trip_mutations import TripMutations


@strawberry.type(description="What an agency can order. Expected refusals are userErrors; then nothing was done.")
class Mutation(TripMutations, MessageMutations, AgencyMutations):
    pass

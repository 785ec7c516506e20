"""Trips as JSON straight from the database, for documents that ask for nothing else than plain fields.

The resolvers stay the truth; this says the same in SQL, a property test compares the two byte by byte, and what it does not
understand goes the ordinary way. Nothing else of the graph knows of it but `graph.schema`, which may leave it out.
"""

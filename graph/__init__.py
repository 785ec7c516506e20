"""The GraphQL API: what an agency's portal asks, orders and subscribes to."""

"""The graph beside its peers: a portal page, a thousand subscribers, and how soon they hear."""

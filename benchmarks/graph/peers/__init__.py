"""What the graph is measured beside. Each is a process of its own, as a good engineer would write it with that library."""

"""SQL, a module a noun. A record turns rows into values and back, and decides nothing."""

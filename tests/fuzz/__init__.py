"""A real server under broken, odd and hostile input, repeatable by its seed."""

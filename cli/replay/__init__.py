"""A day of flights through the real system on a virtual clock: `house` wires it, `play` lets time pass, `truth` is what the
scenario itself says, `report` compares, `show` prints."""

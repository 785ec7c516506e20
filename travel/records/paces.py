"""The pace of a sender in PostgreSQL, for the time in which Redis is away. Seconds of the database's own clock."""

from travel.database import Transaction


async def take(tx: Transaction, sender: str, *, step: float, burst: float, patience: float) -> float:
    """Take the sender's next place and say how long it is until then; where that is over `patience`, none is taken.

    `step` is the time between two places, `burst` how much unused time may be saved up.
    """
    taken: float | None = await tx.value(
        """
        INSERT INTO sender_paces AS p (sender, free_at) VALUES (:sender, clock_timestamp() + make_interval(secs => :step) - make_interval(secs => :burst))
        ON CONFLICT (sender) DO UPDATE
        SET free_at = greatest(p.free_at, clock_timestamp() - make_interval(secs => :burst)) + make_interval(secs => :step)
        WHERE p.free_at <= clock_timestamp() + make_interval(secs => :patience)
        RETURNING CAST(extract(epoch FROM free_at - clock_timestamp()) AS double precision) - :step
        """,
        sender=sender,
        step=step,
        burst=burst,
        patience=patience,
    )
    if taken is not None:
        return max(taken, 0.0)
    wait: float = await tx.value(
        """
        SELECT CAST(extract(epoch FROM free_at - clock_timestamp()) AS double precision) FROM sender_paces WHERE sender = :sender
        """,
        sender=sender,
    )
    return wait


async def cool(tx: Transaction, sender: str, seconds: float) -> None:
    """No place before so many seconds have passed."""
    await tx.run(
        """
        INSERT INTO sender_paces AS p (sender, free_at) VALUES (:sender, clock_timestamp() + make_interval(secs => :seconds))
        ON CONFLICT (sender) DO UPDATE SET free_at = greatest(p.free_at, excluded.free_at)
        """,
        sender=sender,
        seconds=seconds,
    )

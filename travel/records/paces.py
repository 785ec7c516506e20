"""The pace of a sender in PostgreSQL, for the time in which Redis is away. Seconds of the database's own clock."""

from travel.database import Statements, Transaction


async def take(
    tx: Transaction, sender: str, many: int, *, step: float, burst: float, patience: float
) -> tuple[float, int]:
    """Take the sender's next places, as `Throttle.take` does."""
    await tx.run(
        """
        INSERT INTO sender_paces (sender, free_at) VALUES (:sender, clock_timestamp() - make_interval(secs => :burst))
        ON CONFLICT (sender) DO NOTHING
        """,
        sender=sender,
        burst=burst,
    )
    row = await tx.one(
        """
        WITH standing AS (
          SELECT greatest(free_at, clock_timestamp() - make_interval(secs => :burst)) AS first FROM sender_paces WHERE sender = :sender FOR UPDATE
        ), waiting AS (
          SELECT first, CAST(extract(epoch FROM first - clock_timestamp()) AS double precision) AS wait FROM standing
        ), granted AS (
          SELECT first, wait, greatest(0, least(CAST(:many AS integer), CAST(floor((CAST(:patience AS double precision) - wait) / :step) AS integer) + 1)) AS taken FROM waiting
        )
        UPDATE sender_paces p SET free_at = g.first + make_interval(secs => CAST(:step AS double precision) * g.taken)
        FROM granted g WHERE p.sender = :sender
        RETURNING g.wait, g.taken
        """,
        sender=sender,
        many=many,
        step=step,
        burst=burst,
        patience=patience,
    )
    assert row is not None, "it was inserted above"
    return row["wait"], row["taken"]


async def cool(tx: Statements, sender: str, seconds: float) -> None:
    """No place before so many seconds have passed."""
    await tx.run(
        """
        INSERT INTO sender_paces AS p (sender, free_at) VALUES (:sender, clock_timestamp() + make_interval(secs => :seconds))
        ON CONFLICT (sender) DO UPDATE SET free_at = greatest(p.free_at, excluded.free_at)
        """,
        sender=sender,
        seconds=seconds,
    )

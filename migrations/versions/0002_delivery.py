"""Pauses of a sender, its pace, tries that do not count, and the timer for messages that nobody confirms."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the SQL beside this file."""
    driver = op.get_bind().connection.driver_connection
    driver.execute(Path(__file__).with_name("0002_delivery.sql").read_text(encoding="utf-8"))

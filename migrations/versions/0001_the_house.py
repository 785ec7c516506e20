"""Every table, its constraints, its row-level security and the roles behind it."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    # The driver's own connection takes many statements at once and reads no placeholders into them.
    driver = op.get_bind().connection.driver_connection
    driver.execute(Path(__file__).with_name("0001_the_house.sql").read_text(encoding="utf-8"))
    driver.execute("GRANT SELECT ON alembic_version TO bauhaus_app")

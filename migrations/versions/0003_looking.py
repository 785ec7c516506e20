"""What a day of looking costs each agency, who asked for a look, and how an airport fares."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the SQL beside this file."""
    driver = op.get_bind().connection.driver_connection
    driver.execute(Path(__file__).with_name("0003_looking.sql").read_text(encoding="utf-8"))

"""A key is asked with the moment of its last use."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run the SQL beside this file."""
    driver = op.get_bind().connection.driver_connection
    driver.execute(Path(__file__).with_name("0004_keys.sql").read_text(encoding="utf-8"))

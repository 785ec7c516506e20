"""Bring a database to the newest revision and let the application's role in."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import sqlalchemy.exc
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql

MAY_CHANGE = "SELECT 1 WHERE pg_has_role(current_user, %s, 'MEMBER WITH ADMIN OPTION')"
"""A role that the owner made itself; one that an administrator made keeps its password."""


class MigrationError(Exception):
    """The database could not be prepared; the message says why in one line."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def newest() -> str:
    """The newest revision that this tree holds."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Apply what is missing, as the database's owner; each revision is one transaction."""
    config = _config()
    config.attributes["url"] = owner_url.replace("postgresql://", "postgresql+psycopg://", 1)
    try:
        command.upgrade(config, revision)
    except (sqlalchemy.exc.SQLAlchemyError, psycopg.Error) as broken:
        cause = str(getattr(broken, "orig", broken)).strip().splitlines()[0]
        raise MigrationError(f"The database of DATABASE_OWNER_URL refuses: {cause}") from broken


def admit(owner_url: str, app_url: str) -> None:
    """Let the login role of `app_url` do what the application does, making it if it does not exist yet."""
    parts = urlsplit(app_url)
    if not parts.username or parts.username == urlsplit(owner_url).username:
        raise MigrationError(
            "The application needs a role of its own: DATABASE_URL and DATABASE_OWNER_URL name the same."
        )
    name, password = unquote(parts.username), unquote(parts.password or "")
    with psycopg.connect(owner_url) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(password))
            )
        elif password and connection.execute(MAY_CHANGE, [name]).fetchone():
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), sql.Literal(password)))
        connection.execute(sql.SQL("GRANT bauhaus_app TO {}").format(sql.Identifier(name)))


def is_used(owner_url: str) -> bool:
    """Whether anybody watches flights in this database. The owner sees no agency's rows, but flights are everybody's."""
    with psycopg.connect(owner_url) as connection:
        found = connection.execute("SELECT EXISTS (SELECT FROM flights)").fetchone()
    return bool(found and found[0])

"""What the process is told by its environment. `.env.example` lists every name with its meaning."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from travel.clock import Clock, RealClock, ScaledClock


class ConfigError(Exception):
    """The environment lacks something or holds something impossible; the message names the variables."""


LEASE_MARGIN_SECONDS = 4.0
"""A call may wait two seconds for its sender's place, and what it brought is settled before the lease is over."""


Algorithm = Literal["HS256", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""How a token may be signed. There is no `none`."""
SHARED: tuple[Algorithm, ...] = ("HS256",)


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """Whose tokens are taken beside API keys, and what they call things. It has either an address of keys or a secret."""

    name: str
    audience: str
    algorithms: tuple[Algorithm, ...]
    jwks_url: str | None
    secret: str | None = field(repr=False)
    agency_claim: str
    role_claim: str


class Config(BaseSettings):
    """The configuration of one process (an agency's own choices are its settings, in the database)."""

    model_config = SettingsConfigDict(
        env_prefix="", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: SecretStr
    redis_url: SecretStr | None = None
    database_pool_size: int = Field(default=10, ge=2, le=200)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: AnyHttpUrl = AnyHttpUrl("http://127.0.0.1:8000")
    environment: Literal["production", "development"] = "production"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    jwt_issuer: str | None = None
    jwt_audience: str | None = None
    jwt_algorithms: Annotated[tuple[Algorithm, ...], NoDecode] = ()
    jwt_jwks_url: AnyHttpUrl | None = None
    jwt_secret: SecretStr | None = Field(default=None, min_length=32)
    jwt_agency_claim: str = "agency_id"
    jwt_role_claim: str = "role"
    sockets_per_key: int = Field(default=1000, ge=1)
    sockets_per_process: int = Field(default=10_000, ge=1)
    requests_per_minute: int = Field(default=6000, ge=1)
    operation_seconds: float = Field(default=20, gt=0, le=300)
    trusted_documents: Path | None = None
    trusted_documents_only: bool = False

    aeroapi_url: AnyHttpUrl = AnyHttpUrl("https://aeroapi.flightaware.com/aeroapi")
    aeroapi_key: SecretStr = Field(min_length=1)
    aeroapi_webhook_token: SecretStr | None = Field(default=None, min_length=16)
    aeroapi_timeout_seconds: float = Field(default=10, gt=0, le=60)
    aeroapi_dollars_per_result_set: float = Field(default=0.005, ge=0)
    aeroapi_tier: Literal["personal", "standard", "premium", "unlimited"] = "standard"
    aeroapi_daily_budget_usd: float | None = Field(default=None, gt=0)
    aeroapi_pushes: bool = False
    aeroapi_cadence: dict[str, float] = Field(default={})

    twilio_url: AnyHttpUrl = AnyHttpUrl("https://api.twilio.com")
    twilio_account_sid: str = Field(pattern=r"^AC[0-9a-f]{32}$")
    twilio_auth_token: SecretStr = Field(min_length=1)
    twilio_previous_auth_token: SecretStr | None = Field(default=None, min_length=1)
    twilio_whatsapp_from: str = Field(pattern=r"^\+[1-9][0-9]{6,14}$")
    twilio_sms_from: str | None = Field(default=None, pattern=r"^\+[1-9][0-9]{6,14}$")
    twilio_connect_timeout_seconds: float = Field(default=3, gt=0, le=60)
    twilio_read_timeout_seconds: float = Field(default=10, gt=0, le=60)
    twilio_total_timeout_seconds: float = Field(default=15, gt=0, le=30)
    twilio_concurrency: int = Field(default=100, ge=1, le=500)
    twilio_whatsapp_per_second: float = Field(default=80, gt=0)
    twilio_sms_per_second: float = Field(default=1, gt=0)

    delivery_lease_seconds: float = Field(default=25, gt=0)
    settling_seconds: float = Field(default=180, gt=0)
    receipt_seconds: float = Field(default=600, gt=0)
    sweep_seconds: float = Field(default=1, gt=0, le=30)
    worker_metrics_port: int | None = Field(default=None, ge=1, le=65535)

    clock_start: datetime | None = None
    clock_origin: float | None = None
    clock_speed: float = Field(default=1, gt=0)

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("begins with postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("begins with redis:// or rediss://")
        return value

    @field_validator("jwt_algorithms", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value

    @field_validator("jwt_jwks_url")
    @classmethod
    def _unaltered_on_its_way(cls, value: AnyHttpUrl | None) -> AnyHttpUrl | None:
        if value is not None and value.scheme != "https" and value.host not in ("127.0.0.1", "[::1]", "localhost"):
            raise ValueError("begins with https://")
        return value

    @field_validator("jwt_secret")
    @classmethod
    def _no_key_pair(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and "-----BEGIN" in value.get_secret_value():
            raise ValueError("is a shared secret; public keys come from JWT_JWKS_URL")
        return value

    @field_validator("clock_start")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("needs an offset, such as 2026-11-22T14:05:00Z")
        return value

    @model_validator(mode="after")
    def _lease_outlives_the_call(self) -> Self:
        if self.delivery_lease_seconds < self.twilio_total_timeout_seconds + LEASE_MARGIN_SECONDS:
            raise ValueError(
                f"DELIVERY_LEASE_SECONDS must be {LEASE_MARGIN_SECONDS:g} s longer than TWILIO_TOTAL_TIMEOUT_SECONDS"
            )
        return self

    @model_validator(mode="after")
    def _tokens_are_all_said(self) -> Self:
        named = {
            "JWT_ISSUER": self.jwt_issuer,
            "JWT_AUDIENCE": self.jwt_audience,
            "JWT_ALGORITHMS": self.jwt_algorithms,
            "JWT_JWKS_URL or JWT_SECRET": self.jwt_jwks_url or self.jwt_secret,
        }
        lacking = [name for name, value in named.items() if not value]
        if lacking and len(lacking) < len(named):
            raise ValueError(f"tokens need {', '.join(lacking)} too")
        if self.jwt_jwks_url and self.jwt_secret:
            raise ValueError("of JWT_JWKS_URL and JWT_SECRET only one is set")
        # A public key must never be taken for a secret: one kind of signature, as there is one kind of key.
        if self.jwt_secret and self.jwt_algorithms != SHARED:
            raise ValueError("JWT_SECRET goes with JWT_ALGORITHMS=HS256 alone")
        if self.jwt_jwks_url and set(SHARED) & set(self.jwt_algorithms):
            raise ValueError("JWT_ALGORITHMS=HS256 goes with JWT_SECRET alone")
        return self

    @property
    def issuer(self) -> Issuer | None:
        """Whose tokens are taken; None where only API keys are."""
        if self.jwt_issuer is None or self.jwt_audience is None:
            return None
        return Issuer(
            name=self.jwt_issuer,
            audience=self.jwt_audience,
            algorithms=self.jwt_algorithms,
            jwks_url=str(self.jwt_jwks_url) if self.jwt_jwks_url else None,
            secret=self.jwt_secret.get_secret_value() if self.jwt_secret else None,
            agency_claim=self.jwt_agency_claim,
            role_claim=self.jwt_role_claim,
        )

    @model_validator(mode="after")
    def _something_is_trusted(self) -> Self:
        if self.trusted_documents_only and self.trusted_documents is None:
            raise ValueError("TRUSTED_DOCUMENTS_ONLY needs TRUSTED_DOCUMENTS: else nothing could be asked")
        return self

    def clock(self) -> Clock:
        """The world's clock, as all processes of this environment share it."""
        if self.clock_start is None or self.clock_origin is None:
            return RealClock()
        return ScaledClock(start=self.clock_start.astimezone(UTC), origin=self.clock_origin, speed=self.clock_speed)

    @property
    def public_base(self) -> str:
        """The address under which Twilio and AeroAPI reach us, without a slash at its end."""
        return str(self.public_url).rstrip("/")


class _DatabaseOnly(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    database_url: SecretStr


def database_url() -> str:
    """The one variable that commands on the database alone need."""
    try:
        return _DatabaseOnly().database_url.get_secret_value()  # type: ignore[call-arg]
    except ValidationError:
        raise ConfigError("DATABASE_URL is not set. See .env.example.") from None


def load() -> Config:
    """Read the environment, or say in one line what is wrong with it."""
    try:
        return Config()  # type: ignore[call-arg]  # pydantic fills them from the environment
    except ValidationError as invalid:
        wrong = ", ".join(
            f"{'.'.join(str(part) for part in error['loc']).upper()} ({error['msg']})"
            if error["loc"]
            else error["msg"].removeprefix("Value error, ")
            for error in invalid.errors()
        )
        raise ConfigError(f"The environment is not usable: {wrong}. See .env.example.") from None

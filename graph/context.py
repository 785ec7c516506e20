"""What a resolver may use: who asks, the house's means, and loaders that live as long as one answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from strawberry.types import Info as StrawberryInfo

from graph.loaders import Loaders
from travel.clock import Clock
from travel.database import Database
from travel.enqueue import Wakeups
from travel.model import RefusedError, Role, UserErrorCode, Viewer

if TYPE_CHECKING:
    from graph.live import Hub


@dataclass(frozen=True, kw_only=True)
class House:
    """The process's means."""

    db: Database
    wakeups: Wakeups
    clock: Clock
    hub: "Hub"


@dataclass(kw_only=True, slots=True)
class Place:
    """Where a subscription stands in the agency's feed."""

    seen: int = 0
    """The last event that was looked at, wanted or not."""
    is_answering: bool = False
    """An event was handed to the execution, which is not done with it."""
    is_live: bool = False
    """CaughtUp was said."""
    is_over: bool = False
    """Resync was said: nothing follows."""
    is_torn: bool = False
    """It broke on our side, mostly since the database was away: what it says then is not worth sending, and the client shall come
    back for it."""


@dataclass(kw_only=True)
class Context:
    """One operation's context; over a websocket, also the socket's own, from which each operation's is made."""

    house: House
    viewer: Viewer | None = None
    connection_params: dict[str, Any] = field(default_factory=dict)
    give_up: Callable[[], Awaitable[None]] | None = None
    """Ends the socket, or the stream over HTTP, so that its client comes back."""
    seat: object = None
    """The socket's place, as the door knows it."""
    resume: int | None = None
    """Go on after this event, live, wherever the document says to begin."""
    place: Place = field(default_factory=Place)
    _loaders: Loaders | None = None
    _is_stopped: bool = False

    @property
    def loaders(self) -> Loaders:
        """Many-by-key reads, remembered for one answer."""
        if self._loaders is None:
            self._loaders = Loaders(self.house.db, self.asking.agency_id)
            # What a field that failed left behind comes when the answer is complete: it must begin nothing.
            if self._is_stopped:
                self._loaders.read.stop()
        return self._loaders

    def forget(self) -> None:
        """Begin a new answer: a socket lives for hours, and what was read for one event is old at the next."""
        self.stop()
        self._loaders, self._is_stopped = None, False

    def stop(self) -> None:
        """End the reads of an answer that is complete, or that nobody waits for, and begin no more for it."""
        self._is_stopped = True
        if self._loaders is not None:
            self._loaders.read.stop()

    def beside(self, resume: int | None = None) -> "Context":
        """The context of another operation of the same viewer."""
        place = Place() if resume is None else Place(seen=resume, is_live=True)
        return replace(self, resume=resume, place=place, _loaders=None, _is_stopped=False)

    @property
    def asking(self) -> Viewer:
        """The viewer; every door has checked that there is one."""
        if self.viewer is None:
            raise PermissionError("nobody is asking")
        return self.viewer

    def require(self, role: Role) -> None:
        """Refuse viewers of a lesser role."""
        if self.asking.role.rank < role.rank:
            raise RefusedError.one(UserErrorCode.FORBIDDEN, f"This needs the role {role}.")


Info = StrawberryInfo[Context, None]

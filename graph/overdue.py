"""The time of an operation, and of each event of a subscription. What takes longer is cancelled, and its transactions roll back."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import structlog
from graphql import ExecutionResult, GraphQLError, OperationType
from graphql.execution.executor import Executor as CoreExecutor

log = structlog.get_logger()


class OverdueError(GraphQLError):
    """An operation took too long; said to the client as it is."""


class Timed(CoreExecutor[Any]):
    """An executor that ends in time; mixed with one that executes."""

    seconds: float
    suggests: bool

    @classmethod
    def build(cls, *args: Any, **given: Any) -> Any:
        """Hide suggestions, of values in variables as of those in documents."""
        return super().build(*args, **{**given, "hide_suggestions": not cls.suggests})

    def execute_operation(self, serially: bool | None = None) -> Any:
        """One operation, or one event."""
        result = super().execute_operation(serially)
        if self.is_awaitable(result):
            return self._in_time(result)
        self.context_value.stop()
        return result

    async def _in_time(self, result: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(self.seconds) as limit:
                return await result
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            self.context_value.stop()
        name = self.operation.name.value if self.operation.name else None
        log.warning("operation_overdue", operation=name, seconds=self.seconds)
        overdue = OverdueError(
            f"The operation took longer than {self.seconds:g} seconds.", extensions={"code": "OVERDUE"}
        )
        if self.operation.operation is OperationType.SUBSCRIPTION and self.context_value.give_up is not None:
            # An error would look as if the event had been told: the client shall come back for it.
            await self.context_value.give_up()
            raise overdue
        return ExecutionResult(None, [overdue])

"""The body of `/account/usage`."""

from collections.abc import Sequence
from typing import Any


def detail(operation: str, price: float, *, calls: int, pages: int, failed: int) -> dict[str, Any]:
    """One operation: `pages` are charged at `price` dollars each."""
    return {
        "operation": operation,
        "total_resource_calls": calls,
        "num_pages": pages,
        "resource_cost": round(pages * price, 6),
        "successful_resource_calls": calls - failed,
        "failed_resource_calls": failed,
    }


def account(details: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The whole account; there is no discount on so little."""
    cost = round(sum(one["resource_cost"] for one in details), 6)
    return {
        "total_calls": sum(one["total_resource_calls"] for one in details),
        "total_pages": sum(one["num_pages"] for one in details),
        "total_cost": cost,
        "total_discount_cost": cost,
        "total_successful_calls": sum(one["successful_resource_calls"] for one in details),
        "total_failed_calls": sum(one["failed_resource_calls"] for one in details),
        "resource_details": list(details),
    }

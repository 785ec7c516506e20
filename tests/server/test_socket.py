"""What a socket does at the edge where uvicorn knows more than the house."""

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect

from server.socket import Adapter


async def test_what_is_said_to_a_socket_that_uvicorn_has_closed_is_no_fault_of_ours() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        if message["type"] != "websocket.accept":
            raise RuntimeError(f"Unexpected ASGI message '{message['type']}', after sending 'websocket.close'.")

    socket = WebSocket({"type": "websocket"}, receive, send)
    await socket.accept()
    adapter = Adapter(SimpleNamespace(encode_json=lambda _: "{}"), socket, socket)  # type: ignore[arg-type]
    with pytest.raises(WebSocketDisconnect):
        await adapter.send_json({})
    await adapter.close(1013, "Try again")

"""The control channel of a kernel: ours is taken off it, everything else is the kernel's."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import zmq
from jupyter_client.session import Session

from ipyblocks.transport import comm


class Stream:
    """A control stream: what it is told to call, and when."""

    def __init__(self) -> None:
        self.receive: Any = None
        self.io_loop = self

    def add_callback(self, fn: Any, *args: Any, **kwargs: Any) -> None:
        fn(*args, **kwargs)

    def on_recv(self, receive: Any, copy: bool) -> None:
        assert copy is False
        self.receive = receive


class Kernel:
    """As much of ipykernel as the transport touches, with its real messages."""

    def __init__(self) -> None:
        self.session = Session(key=b"secret")
        self.control_stream = Stream()
        self.control_thread = object()
        self.control_handlers: dict[str, Any] = {"comm_msg": self.former}
        self.dispatched: list[list[Any]] = []
        self.heard_before: list[Any] = []

    def dispatch_control(self, frames: list[Any]) -> str:
        self.dispatched.append(frames)
        return "the kernel's own"

    def former(self, _stream: Any, _ident: Any, parent: Any) -> str:
        self.heard_before.append(parent)
        return "former"

    def frames(self, msg_type: str, content: Any, buffers: Any = (), key: bytes = b"") -> list[Any]:
        sender = Session(key=key or self.session.key)
        parts = sender.serialize(sender.msg(msg_type, content), ident=b"browser")
        return [zmq.Frame(part) for part in [*parts, *buffers]]


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    import IPython

    kernel = Kernel()
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=kernel))
    return kernel


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    found: list[Any] = []

    def receive(content: object, buffers: list[Any]) -> None:
        found.append((content, [bytes(each) for each in buffers]))

    comm._receivers["ours"] = receive
    yield found
    comm._receivers.pop("ours")


def message(comm_id: str = "ours", content: Any = "hello") -> dict[str, Any]:
    return {"comm_id": comm_id, "data": {"method": "custom", "content": content}}


def test_ours_is_delivered_and_the_kernel_says_nothing_of_it(
    kernel: Kernel, heard: list[Any]
) -> None:
    assert comm.has_control()
    kernel.control_stream.receive(kernel.frames("comm_msg", message(), [b"\x89PNG"]))
    assert heard == [("hello", [b"\x89PNG"])]
    assert kernel.dispatched == []


@pytest.mark.parametrize(
    ("msg_type", "content"),
    [
        ("comm_msg", message("another")),
        ("comm_msg", {"data": {}}),
        ("comm_info_request", {"comm_id": "ours"}),
        ("interrupt_request", {}),
    ],
)
def test_what_is_not_ours_reaches_the_kernel_untouched(
    msg_type: str, content: Any, kernel: Kernel, heard: list[Any]
) -> None:
    comm.has_control()
    frames = kernel.frames(msg_type, content)
    assert kernel.control_stream.receive(frames) == "the kernel's own"
    assert kernel.dispatched == [frames]
    # It can still be read: nothing has been marked as seen.
    _, rest = kernel.session.feed_identities(frames, copy=False)
    assert kernel.session.deserialize(rest, copy=False)["msg_type"] == msg_type
    assert heard == []


@pytest.mark.parametrize("frames", [[], [b"<IDS|MSG>"], [b"<IDS|MSG>", b"", b"{", b"", b"", b""]])
def test_what_is_no_message_is_the_kernels_to_judge(
    frames: list[bytes], kernel: Kernel, heard: list[Any]
) -> None:
    comm.has_control()
    kernel.control_stream.receive([zmq.Frame(each) for each in frames])
    assert len(kernel.dispatched) == 1


def test_a_message_with_a_wrong_signature_is_dropped(
    kernel: Kernel, heard: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    comm.has_control()
    kernel.control_stream.receive(kernel.frames("comm_msg", message(), key=b"guessed"))
    assert heard == []
    assert "could not be read" in caplog.text


def test_a_receiver_that_raises_does_not_end_the_channel(
    kernel: Kernel, heard: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(content: object, buffers: list[Any]) -> None:
        raise ValueError("no")

    comm.has_control()
    comm._receivers["ours"], kept = fail, comm._receivers["ours"]
    kernel.control_stream.receive(kernel.frames("comm_msg", message()))
    comm._receivers["ours"] = kept
    kernel.control_stream.receive(kernel.frames("comm_msg", message()))
    assert len(heard) == 1
    assert "could not be read" in caplog.text


def test_the_channel_is_taken_once(kernel: Kernel) -> None:
    assert comm.has_control()
    first = kernel.control_stream.receive
    assert comm.has_control()
    assert kernel.control_stream.receive is first


def test_a_kernel_built_otherwise_is_heard_through_its_handlers(
    kernel: Kernel, heard: list[Any]
) -> None:
    kernel.control_stream = None  # type: ignore[assignment]
    assert comm.has_control()
    handle = kernel.control_handlers["comm_msg"]
    assert handle(None, b"", {"content": message()}) is None
    assert handle(None, b"", {"content": message("another")}) == "former"
    assert heard == [("hello", [])]
    assert len(kernel.heard_before) == 1


def test_a_kernel_without_a_control_thread_has_no_control(kernel: Kernel) -> None:
    kernel.control_thread = None  # type: ignore[assignment]
    assert not comm.has_control()
    assert kernel.control_stream.receive is None

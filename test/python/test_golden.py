"""``test/wire/golden``: what each message looks like on the wire, read and written again."""

from __future__ import annotations

import json
import math
import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ipyblocks import codec, protocol
from ipyblocks.protocol import Binary, ToKernel, ToPage

FOLDER = Path(__file__).parent.parent / "wire" / "golden"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
DECODE = {"toPage": codec.decode_to_page, "toKernel": codec.decode_to_kernel}
UNIONS = {"toPage": ToPage, "toKernel": ToKernel}


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def decode(golden: dict[str, Any]) -> Any:
    buffers = [bytes.fromhex(text) for text in golden["buffers"]]
    return DECODE[golden["direction"]](golden["content"], buffers)


def types(direction: str) -> set[str]:
    members = typing.get_args(UNIONS[direction])
    return {member.__struct_config__.tag for member in members}


def uncovered(directions: dict[str, set[str]]) -> set[str]:
    """Message types without a golden, for the types of each direction."""
    shown: dict[str, set[str]] = {direction: set() for direction in directions}
    for golden in map(load, NAMES):
        shown[golden["direction"]] |= {m["type"] for m in golden["content"]["messages"]}
    return {tag for direction, wanted in directions.items() for tag in wanted - shown[direction]}


@pytest.mark.parametrize("name", NAMES)
def test_decode_then_encode_gives_the_same(name: str) -> None:
    golden = load(name)
    packet = codec.encode(decode(golden))
    assert json.loads(json.dumps(packet.content)) == golden.get("after", golden["content"])
    assert [buffer.hex() for buffer in packet.buffers] == golden["buffers"]


@pytest.mark.parametrize("name", NAMES)
def test_the_file_says_what_it_means(name: str) -> None:
    golden = load(name)
    assert set(golden) - {"after"} == {"meaning", "direction", "content", "buffers"}
    assert golden["meaning"].endswith(".")
    # A message's own type is in the file that has its name.
    tag = name.partition("-")[0]
    if tag != "frame":
        assert {m["type"] for m in golden["content"]["messages"]} == {tag}


def test_every_message_type_has_a_golden() -> None:
    assert uncovered({direction: types(direction) for direction in UNIONS}) == set()


def test_a_new_message_type_without_a_golden_is_noticed() -> None:
    assert uncovered({"toPage": {"patch", "telegram"}, "toKernel": set()}) == {"telegram"}


def test_every_optional_field_is_shown_both_ways() -> None:
    """Absent where it may be absent, null where it may be null, and given."""
    seen: dict[tuple[str, str], set[str]] = {}

    def look(value: Any) -> None:
        if isinstance(value, protocol.Wire):
            for field, item in msgspec.structs.asdict(value).items():
                kind = {msgspec.UNSET: "absent", None: "null"}.get(item) if _plain(item) else None
                seen.setdefault((type(value).__name__, field), set()).add(kind or "given")
                look(item)
        elif isinstance(value, list):
            for item in value:
                look(item)

    for golden in map(load, NAMES):
        look(decode(golden))
    missing = []
    for (struct, field), kinds in seen.items():
        allowed = typing.get_args(typing.get_type_hints(getattr(protocol, struct))[field])
        wanted = {"given"}
        wanted |= {"absent"} if msgspec.UnsetType in allowed else set()
        wanted |= {"null"} if type(None) in allowed else set()
        missing += [f"{struct}.{field} {kind}" for kind in sorted(wanted - kinds)]
    assert missing == []


def _plain(item: Any) -> bool:
    return item is None or item is msgspec.UNSET


def test_values_are_what_the_goldens_say() -> None:
    updates = decode(load("patch")).messages[0].updates
    numbers = updates[1].props["value"]
    assert math.isnan(numbers[0])
    assert numbers[1:3] == [math.inf, -math.inf]
    assert numbers[6:] == [2**53 - 1, 2**53 + 1, -123456789012345678901234567890]
    assert updates[2].props["value"]["$type"] == "mine"
    assert updates[2].props["value"]["$number"] == {"$int": "1"}
    assert updates[3].props["value"] == Binary(
        data=bytes.fromhex("89504e470d0a1a0a"), mime_type="image/png"
    )
    assert updates[3].props["gallery"][0].name == "größe.bin"
    upload = decode(load("set")).messages[2].props["value"]
    assert upload == protocol.UploadReference(upload=protocol.UploadId(3))


@pytest.mark.parametrize(
    ("content", "buffers", "words"),
    [
        ({"page": "p", "ack": 0, "last": 0}, [], "missing required field `messages`"),
        ({"page": "p", "ack": "0", "messages": []}, [], "Expected `int`, got `str` - at `$.ack`"),
        (
            {"page": "p", "ack": 0, "last": 1, "messages": [{"seq": 1}]},
            [],
            "missing required field `type`",
        ),
        (
            {"page": "p", "ack": 0, "last": 1, "messages": [{"type": "launch", "seq": 1}]},
            [],
            "Invalid value 'launch' - at `$.messages[0].type`",
        ),
        ([], [], "Expected `object`, got `array`"),
        (None, [], "Expected `object`, got `null`"),
        ({"$buffer": 0}, [], "refers to buffer 0 of 0"),
        ({"$buffer": -1}, [b""], "refers to buffer -1 of 1"),
        ({"$buffer": True}, [b"", b""], "refers to buffer True of 2"),
        ({"$buffer": 0, "mimeType": 1}, [b""], "mimeType and name must be strings"),
        ({"$number": "1"}, [], "is not NaN, Infinity or -Infinity"),
        ({"$number": []}, [], "is not NaN, Infinity or -Infinity"),
        ({"$int": 1}, [], "a string of at most 1000 digits"),
        ({"$int": "9" * 1001}, [], "a string of at most 1000 digits"),
        ({"$int": "0x10"}, [], "a string of at most 1000 digits"),
        ({"$upload": "3"}, [], "$upload must be a number"),
    ],
)
def test_what_cannot_be_read_is_a_wire_error(
    content: Any, buffers: list[bytes], words: str
) -> None:
    with pytest.raises(codec.WireError) as error:
        codec.decode_to_kernel(content, buffers)
    assert words in str(error.value)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_depth_is_bounded_both_ways() -> None:
    with pytest.raises(codec.WireError, match="nested more than 200 levels"):
        codec.unpack(nested(100_000), [])
    with pytest.raises(codec.WireError, match="nested more than 200 levels"):
        codec.pack(nested(100_000), [])
    itself: list[Any] = []
    itself.append(itself)
    with pytest.raises(codec.WireError, match="refers to itself"):
        codec.pack(itself, [])
    assert codec.unpack(codec.pack(nested(150), []), []) == nested(150)


class Name(str):
    """A text of the user's own type."""


@pytest.mark.parametrize(
    ("value", "packed"),
    [
        ((1, "a"), [1, "a"]),
        ({1: "a", None: "b", 2.5: "d"}, {"1": "a", "null": "b", "2.5": "d"}),
        ({True: "c"}, {"true": "c"}),
        (Name("x"), "x"),
        (frozenset([3]), [3]),
        (2**53, {"$int": str(2**53)}),
        (-(2**53), {"$int": str(-(2**53))}),
        ({"$a": 1, "$$b": 2}, {"$$a": 1, "$$$b": 2}),
    ],
    ids=repr,
)
def test_python_values_are_packed_as_json(value: Any, packed: Any) -> None:
    assert codec.pack(value, []) == packed


def test_the_path_of_what_cannot_be_packed_is_named() -> None:
    with pytest.raises(codec.WireError, match=r"\$\.rows\[1\]\.when: a value of type object"):
        codec.pack({"rows": [1, {"when": object()}]}, [])
    with pytest.raises(codec.WireError, match="a dict key is tuple"):
        codec.pack({(1, 2): 3}, [])

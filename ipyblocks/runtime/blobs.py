"""Large bytes of a session's values: pages get a reference and ask for them piece by piece."""

from __future__ import annotations

import weakref

from ..files import LARGE
from ..protocol import Binary, BlobId, BlobReference, Json


class Blobs:
    """Numbers the large values of one session. Loop thread only.

    Keeps none of them: a value that nobody has any more is gone here too.
    """

    def __init__(self) -> None:
        self._last = 0
        self._numbers: dict[int, tuple[BlobId, weakref.ref[Binary]]] = {}
        self._known: dict[BlobId, weakref.ref[Binary]] = {}

    def refer(self, binary: Binary) -> BlobReference | None:
        """What stands for bytes, the same each time; None for few, which need nothing for them."""
        if binary.size <= LARGE:
            return None
        return BlobReference(
            blob=self._number(binary),
            size=binary.size,
            mime_type=binary.mime_type,
            name=binary.name,
        )

    def _number(self, binary: Binary) -> BlobId:
        # By identity, because comparing means reading all bytes.
        identity = id(binary)
        known = self._numbers.get(identity)
        if known is not None and known[1]() is binary:
            return known[0]
        self._last += 1
        number = BlobId(self._last)

        def forget(gone: weakref.ref[Binary]) -> None:
            self._known.pop(number, None)
            # Its place in memory may be another's by now.
            if self._numbers.get(identity, (None, None))[1] is gone:
                del self._numbers[identity]

        held = weakref.ref(binary, forget)
        self._numbers[identity] = (number, held)
        self._known[number] = held
        return number

    def get(self, number: BlobId) -> Binary | None:
        """The bytes; None when they are not those of any value (any more)."""
        held = self._known.get(number)
        return None if held is None else held()

    def was_given(self, number: BlobId) -> bool:
        """Whether a page can have been told of this number, even if its bytes are gone."""
        return 0 < number <= self._last

    def resolve(self, value: Json) -> Json:
        """A value that a page gives back, with the bytes it refers to.

        Raises:
            ValueError: they are gone.
        """
        if not isinstance(value, BlobReference):
            return value
        found = self.get(value.blob)
        if found is None:
            raise ValueError("This file is not part of the app any more.")
        return found

    def __len__(self) -> int:
        return len(self._known)

    def close(self) -> None:
        """Forget all."""
        self._numbers.clear()
        self._known.clear()

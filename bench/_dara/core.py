"""dara-core in an environment of its own, and its measurements."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

VERSION = "1.29.13"
HERE = Path(__file__).parent
HOME = HERE.parent.parent / ".cache" / "dara"

TRIPS = 20
ROUNDS = 3


def measured(reports: int, rest: float, together: int) -> dict[str, list[float]] | None:
    """Samples in seconds, by measurement; None when there is no dara-core.

    Args:
        reports: how many a function sends.
        rest: seconds that it goes on after them.
        together: how many each of those sends that run at a time.
    """
    python = installed()
    if python is None:
        return None
    sizes = {
        "trips": TRIPS,
        "rounds": ROUNDS,
        "reports": reports,
        "rest": rest,
        "together": together,
    }
    ended = subprocess.run(
        [str(python), str(HERE / "pool.py"), json.dumps(sizes)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if ended.returncode:
        left_out("its pool failed")
        return None
    found: dict[str, list[float]] = json.loads(ended.stdout.strip().splitlines()[-1])
    return found


def installed() -> Path | None:
    """The Python that has dara-core; None when it cannot be installed."""
    python = HOME / "bin" / "python"
    stamp = HOME / ".ipyblocks-stamp"
    if stamp.exists() and stamp.read_text() == VERSION:
        return python
    print(f"Installing dara-core {VERSION} …", file=sys.stderr)
    venv.create(HOME, clear=True, with_pip=True)
    install = [str(python), "-m", "pip", "install", "--quiet", f"dara-core=={VERSION}"]
    ended = subprocess.run(install, capture_output=True, text=True, check=False)
    if ended.returncode:
        left_out(ended.stderr.strip().splitlines()[-1])
        return None
    stamp.write_text(VERSION)
    return python


def left_out(why: str) -> None:
    print(f"No figures of dara-core {VERSION}: {why}", file=sys.stderr)

"""What the pool of dara-core runs: only functions of one module, whose name ends with ``tasks``."""

# No annotations as texts: dara-core does not resolve them.
import time

from dara.core.visual.progress_updater import ProgressUpdater, track_progress


def nothing(value: int) -> int:
    return value


@track_progress
def reports(count: int, rest: float, updater: ProgressUpdater) -> float:
    """Returns the clock reading at the first report."""
    began = time.monotonic()
    for i in range(1, count + 1):
        updater.send_update(100 * i / count, f"Step {i}")
    time.sleep(rest)
    return began


def sleeps(path: str) -> None:
    with open(path, "wb", 0) as file:
        file.write(b"x")
    time.sleep(60)

"""Time of ``import ipyblocks`` in a fresh interpreter, beside that of ``import ipywidgets``."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile

from _figures import figure

RUNS = 15
REACH_MS = 60

# Only the import: starting the interpreter is not ours. Time on the processor, for an import waits
# for nothing, and this is disturbed less when others use the machine too.
TIMED = """
import time
start = time.process_time()
import {module}
print((time.process_time() - start) * 1000)
"""
# What a kernel has loaded before its first cell, so that only what is new counts.
IN_KERNEL = "import ipykernel.ipkernel, IPython\n" + TIMED

MODULES = ("ipyblocks", "ipyblocks.display", "ipywidgets")


def once(program: str, module: str, cache: str) -> float:
    # An installed package comes with its bytecode; a checkout may have none, or may not write any.
    env = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", program.format(module=module)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    return float(done.stdout)


def measure(program: str, cache: str) -> dict[str, list[float]]:
    """Samples in ms by module, taken in turns."""
    samples: dict[str, list[float]] = {module: [] for module in MODULES}
    for run in range(RUNS + 1):
        for module in MODULES:
            taken = once(program, module, cache)
            if run > 0:  # the first compiles
                samples[module].append(taken)
    return samples


def main() -> None:
    with tempfile.TemporaryDirectory() as cache:
        fresh, kernel = measure(TIMED, cache), measure(IN_KERNEL, cache)
    figures = {
        f"import {name}, fresh interpreter": figure(fresh[name], digits=2) for name in MODULES
    }
    figures |= {f"import {name}, in a kernel": figure(kernel[name], digits=2) for name in MODULES}
    pairs = zip(fresh["ipyblocks"], fresh["ipywidgets"], strict=True)
    verdict = {
        "value": round(statistics.median(ours - theirs for ours, theirs in pairs), 1),
        "reach": REACH_MS,
        "of": "ms more than import ipywidgets",
    }
    print(json.dumps({"figures": figures, "verdicts": {"import ipyblocks": verdict}}))


if __name__ == "__main__":
    main()

"""Everything works without threads: the cases of Pyodide, in a Python that may not start any."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from .conftest import LIMIT, REPOSITORY

CASES = REPOSITORY / "test" / "pyodide" / "cases.py"

RUN = """
import asyncio, json, sys, threading, traceback, warnings

def start(self):
    raise RuntimeError("can't start new thread")

threading.Thread.start = start
warnings.simplefilter("error")
sys.path.insert(0, sys.argv[1])
import cases

told = {}
for name in cases.CASES:
    try:
        asyncio.run(cases.run(name))
    except BaseException:
        told[name] = traceback.format_exc()
    else:
        told[name] = ""
print(json.dumps(told))
"""


def names() -> list[str]:
    return [
        node.name.replace("_", " ")
        for node in ast.parse(CASES.read_text(encoding="utf-8")).body
        if isinstance(node, ast.AsyncFunctionDef) and not node.args.args
    ]


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    """By name of a case, how it failed; empty when it did not."""
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(CASES.parent)],
        capture_output=True,
        text=True,
        timeout=4 * LIMIT,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", names())
def test_without_threads(told: dict[str, str], name: str) -> None:
    assert told[name] == ""

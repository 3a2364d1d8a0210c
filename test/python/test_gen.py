"""Generated files follow their sources: `gen --check` fails when one has changed alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
NEEDED = [
    "ipyblocks",
    "tools/gen.py",
    "tools/api.py",
    "tools/typescript.py",
    "src/protocol",
    "src/components/registry.ts",
    "test/wire/examples.json",
    "docs/reference.md",
    "docs/api.txt",
    "package.json",
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, of the generator and of what it writes, all up to date."""
    root = tmp_path_factory.mktemp("copy")
    for name in NEEDED:
        source, target = ROOT / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            ignored = shutil.ignore_patterns("labextension", "__pycache__")
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy(source, target)
    # Whether the tree itself is up to date is the lint step's question, not this test's.
    ran = gen(root)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return root


def gen(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", str(root / "tools" / "gen.py"), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=root,
        check=False,
    )


def test_an_up_to_date_copy_passes(copy: Path) -> None:
    ran = gen(copy, "--check")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("name", "old", "new", "stale"),
    [
        (
            "ipyblocks/components/textbox.py",
            "    lines: int = prop(",
            '    loud: bool = prop("Louder.", default=False)\n    lines: int = prop(',
            ["src/protocol/props.ts", "docs/reference.md", "docs/api.txt"],
        ),
        (
            "ipyblocks/protocol.py",
            "    message: str\n    detail: str | None\n",
            "    message: str\n    hint: str | None\n    detail: str | None\n",
            ["src/protocol/wire.ts"],
        ),
        (
            "ipyblocks/app.py",
            "        max_threads: int = 40,\n",
            "        max_threads: int = 41,\n",
            ["docs/api.txt"],
        ),
    ],
    ids=["prop", "field", "signature"],
)
def test_a_change_of_a_source_alone_fails(
    name: str, old: str, new: str, stale: list[str], copy: Path
) -> None:
    path = copy / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{name} has changed; adapt this test"
    path.write_text(text.replace(old, new), encoding="utf-8")
    try:
        ran = gen(copy, "--check")
    finally:
        path.write_text(text, encoding="utf-8")
    assert ran.returncode == 1, ran.stderr
    last = ran.stdout.splitlines()[-1]
    assert last == f"{', '.join(stale)}: stale; run `npm run gen`"

"""The version, which package.json holds."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("ipyblocks")
except PackageNotFoundError:  # a source tree that is not installed
    __version__ = "0.0.0"

"""Measurements as ``tools/bench.mjs`` reads them."""

from __future__ import annotations

import statistics


def figure(samples: list[float], unit: str = "ms", digits: int = 3) -> dict[str, object]:
    """What was measured."""
    return {
        "unit": unit,
        "median": round(statistics.median(samples), digits),
        "p95": round(statistics.quantiles(samples, n=20)[-1], digits),
        "samples": len(samples),
    }


def verdict(value: float, reach: float, of: str, digits: int = 3) -> dict[str, object]:
    """What was measured, beside what was to be reached."""
    return {"value": round(value, digits), "reach": reach, "of": of}

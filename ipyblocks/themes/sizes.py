"""Size scales: seven steps of one measure (text, spacing or corner radius)."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Size:
    """Seven steps of one measure, each a CSS length.

    Args:
        xxs: The smallest step (str); then `xs`, `sm`, `md`, `lg`, `xl` and `xxl`, the largest.
        name: What the scale is called; None (default) for one without a name.
    """

    xxs: str
    xs: str
    sm: str
    md: str
    lg: str
    xl: str
    xxl: str
    name: str | None = None

    def expand(self) -> list[str]:
        """Return the seven steps, smallest first."""
        return list(astuple(self)[:-1])


def _scale(name: str, *px: int) -> Size:
    s = [f"{step}px" for step in px]
    return Size(s[0], s[1], s[2], s[3], s[4], s[5], s[6], name)


radius_none = _scale("radius_none", 0, 0, 0, 0, 0, 0, 0)
radius_sm = _scale("radius_sm", 1, 1, 2, 4, 6, 8, 12)
radius_md = _scale("radius_md", 1, 2, 4, 6, 8, 12, 22)
radius_lg = _scale("radius_lg", 2, 4, 6, 8, 12, 16, 24)
radius_xxl = _scale("radius_xxl", 6, 8, 10, 20, 24, 28, 32)

spacing_sm = _scale("spacing_sm", 1, 1, 2, 4, 6, 9, 12)
spacing_md = _scale("spacing_md", 1, 2, 4, 6, 8, 10, 16)
spacing_lg = _scale("spacing_lg", 2, 4, 6, 8, 10, 14, 28)

text_sm = _scale("text_sm", 8, 9, 11, 13, 16, 20, 24)
text_md = _scale("text_md", 9, 10, 12, 14, 16, 22, 26)
text_lg = _scale("text_lg", 10, 12, 14, 16, 20, 24, 28)

SIZES: dict[str, Size] = {
    str(size.name): size
    for size in (
        radius_none,
        radius_sm,
        radius_md,
        radius_lg,
        radius_xxl,
        spacing_sm,
        spacing_md,
        spacing_lg,
        text_sm,
        text_md,
        text_lg,
    )
}
"""Every built-in scale by its full name, such as "text_md"."""

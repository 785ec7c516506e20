"""Bars beside each other, as SVG."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, NAMES, BAR, GAP, HEAD = 760, 190, 20, 8, 36

Panel = tuple[str, Mapping[str, float]]


def draw(panels: Sequence[Panel]) -> str:
    """One panel below the other; each has a title and a bar for each name, ours in another colour."""
    drawn, top = [], 8
    for title, values in panels:
        drawn.append(_panel(top, title, values))
        top += HEAD + len(values) * (BAR + GAP) + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(drawn)}</svg>\n'
    )


def _panel(top: int, title: str, values: Mapping[str, float]) -> str:
    most = max(values.values(), default=1.0)
    lines = [f'<text x="12" y="{top + 18}" font-weight="bold">{escape(title)}</text>']
    for number, (name, value) in enumerate(values.items()):
        y = top + HEAD + number * (BAR + GAP)
        width = value / most * (WIDTH - NAMES - 80)
        lines.append(
            f'<text x="{NAMES - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{NAMES}" y="{y}" width="{width:.0f}" height="{BAR}" fill="{"#c22" if name == "ours" else "#444"}"/>'
            f'<text x="{NAMES + width + 6:.0f}" y="{y + 14}">{value:,.{0 if value >= 100 else 1}f}</text>'
        )
    return "".join(lines)

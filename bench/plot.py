"""A plot of measurements as SVG: both axes logarithmic, so that what grows linearly is a line that rises by one decade in each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 60, 150, 20, 50
COLORS = ("#0b57d0", "#b3261e", "#146c2e", "#7a4f01")
Points = Sequence[tuple[float, float]]


def svg(lines: Mapping[str, Points], *, across: str, up: str) -> str:
    """Lines by their names, each of points (x, y) above 0. `across` and `up` say what the axes are, with their units."""
    x_low, x_high = _decades([x for points in lines.values() for x, _ in points])
    y_low, y_high = _decades([y for points in lines.values() for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        right = (math.log10(x) - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT)
        above = (math.log10(y) - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM)
        return round(LEFT + right, 1), round(HEIGHT - BOTTOM - above, 1)

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(up)} by {escape(across)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for power in range(x_low, x_high + 1):
        x, y = place(10**power, 10**y_low)
        drawn += [_rule(x, TOP, x, y), f'<text x="{x}" y="{y + 16}" text-anchor="middle">{10**power:,}</text>']
    for power in range(y_low, y_high + 1):
        x, y = place(10**x_low, 10**power)
        drawn += [_rule(x, y, WIDTH - RIGHT, y), f'<text x="{x - 6}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>']
    drawn.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escape(across)}</text>')
    drawn.append(f'<text x="14" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 14 {HEIGHT / 2})">{escape(up)}</text>')
    for color, (name, points) in zip(COLORS, lines.items(), strict=False):
        places = [place(*point) for point in points]
        drawn.append(f'<polyline fill="none" stroke="{color}" stroke-width="2" points="{" ".join(f"{x},{y}" for x, y in places)}"/>')
        drawn += [f'<circle cx="{x}" cy="{y}" r="3" fill="{color}"/>' for x, y in places]
        x, y = places[-1]
        drawn.append(f'<text x="{x + 8}" y="{y + 4}" fill="{color}">{escape(name)}</text>')
    return "\n".join([*drawn, "</svg>", ""])


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _rule(left: float, top: float, right: float, bottom: float) -> str:
    return f'<line x1="{left}" y1="{top}" x2="{right}" y2="{bottom}" stroke="#ddd"/>'

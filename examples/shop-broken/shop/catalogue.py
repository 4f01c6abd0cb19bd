"""What the shop sells."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One kind of tea. `price` is in cents for a bag of 100 g."""

    sku: str
    name: str
    origin: str
    price: int
    picture: str
    text: str

    def document(self) -> dict[str, Any]:
        return asdict(self)


PRODUCTS = {
    product.sku: product
    for product in (
        Product(
            sku="sencha",
            name="Sencha",
            origin="Shizuoka, Japan",
            price=1250,
            picture="A bowl of pale green tea",
            text="Steamed green leaves that taste of grass after rain. Brew at 70 °C for one minute.",
        ),
        Product(
            sku="assam",
            name="Assam",
            origin="Assam, India",
            price=890,
            picture="A cup of dark red tea",
            text="Malty and strong, made for milk. Brew with boiling water for four minutes.",
        ),
        Product(
            sku="oolong",
            name="Oolong",
            origin="Nantou, Taiwan",
            price=1780,
            picture="A pot of amber tea",
            text="Half-way between green and black, with a scent of orchids. Good for five infusions.",
        ),
        Product(
            sku="rooibos",
            name="Rooibos",
            origin="Cederberg, South Africa",
            price=640,
            picture="A glass of orange-red tea",
            text="No tea at all, and no caffeine: a red bush, sweet and nutty. Steep for as long as you like.",
        ),
    )
}


def search(words: str = "", limit: int = 50) -> list[Product]:
    """Products whose name, origin or text holds all the words, in the catalogue's order."""
    wanted = words.lower().split()
    found = [item for item in PRODUCTS.values() if all(word in f"{item.name} {item.origin} {item.text}".lower() for word in wanted)]
    return found[:limit]

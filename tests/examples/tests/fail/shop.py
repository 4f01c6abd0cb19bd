"""Prices in cents."""


def total(prices, discount=0):
    if discount > 100:
        raise ValueError("a discount is at most 100 percent")
    return sum(prices) * (100 - discount) // 100

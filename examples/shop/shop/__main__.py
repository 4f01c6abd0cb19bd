"""Start the shop: `python -m shop --port 8080`."""

from __future__ import annotations

import argparse

import waitress

from shop.app import create_app


def main() -> None:
    parser = argparse.ArgumentParser(prog="shop", description="A small tea shop.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine alone)")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on (default: 8080)")
    parser.add_argument("--filled", metavar="CART", help="put a bag of tea into this cart, for trying the contract's examples")
    arguments = parser.parse_args()
    waitress.serve(create_app(arguments.filled), host=arguments.host, port=arguments.port, ident=None)


if __name__ == "__main__":
    main()

"""Bases of tests."""

import unittest

from shop import total


class Foreign:
    total = staticmethod(total)


class ForeignCase(unittest.TestCase):
    total = staticmethod(total)

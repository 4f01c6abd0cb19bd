"""What another file of tests is mixed in to."""

from test_mixins import MixinForOthers


class TestOthers(MixinForOthers):
    pass

"""These are examples for the tests gate, each a project of its own: not tests of this repository."""

collect_ignore_glob = ["*"]

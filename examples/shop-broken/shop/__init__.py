"""A small tea shop: an HTTP interface and pages that people use."""

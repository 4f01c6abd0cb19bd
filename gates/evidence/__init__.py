"""Evidence bundles: written, read and verified. See docs/evidence.md for the layout."""

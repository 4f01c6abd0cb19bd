"""The built-in gates, one file each. They import `gates.api` and nothing else of ours, never a sibling."""

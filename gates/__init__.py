"""Quality Gates: one policy, many gates, one verdict and the evidence to judge it again."""

__version__ = "0.1.0"

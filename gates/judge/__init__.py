"""The judge: policy, context, facts and base in, decision out. Pure: no clock, disk, environment or network.

Version 1. A released version is never changed, only followed by the next, so that old bundles can be judged again.
"""

VERSION = 1

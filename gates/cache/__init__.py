"""What gates saw in earlier runs on this machine, so that nothing is examined again that did not change.

A cache of raw output, never of verdicts: what is taken from it is parsed, judged and kept as evidence like what was just seen.
It lies in the user's own folder: what stands in a repository could have been written by the change that is judged.
"""

from gates.cache.cache import Answer, Cache, Question, folder_of
from gates.cache.store import Entry, Mask

__all__ = ["Answer", "Cache", "Entry", "Mask", "Question", "folder_of"]

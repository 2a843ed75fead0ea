"""Files that people hand in are parsed in a child process, so that no file can harm the console.

The child has limits on time, memory and output; it is killed when it passes one, and its death is one sentence. What
a file means is no business of this room: bytes and options go out, plain values come back.
"""

from deepracer_admin.files.limits import Answer, FileReader, FileRefused, Outcome, ReadingLimits, Use

__all__ = ["Answer", "FileReader", "FileRefused", "Outcome", "ReadingLimits", "Use"]

"""What a journal cannot do."""


class JournalUnusable(Exception):
    """A journal that cannot be opened as its settings want it; the message says what to do."""


class NotKept(Exception):
    """Records that are not on disk, and will not be: whoever made them must not go on as if."""

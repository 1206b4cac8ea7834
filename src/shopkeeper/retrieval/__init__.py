"""Finding items by the words and by the meaning of what is asked: thin faces on two libraries."""

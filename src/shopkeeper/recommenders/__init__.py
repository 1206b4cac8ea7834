"""One algorithm, one file. Each answers from the history in the request, never from a table of people."""

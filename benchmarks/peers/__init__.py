"""Other libraries on the same split files, measured by the same metric code, in one run.

`splits` writes a dataset and protocol once, `environments` installs each peer by itself, the ``run_...``
modules fit a peer inside its environment, and `__main__` runs everything and compares.
"""

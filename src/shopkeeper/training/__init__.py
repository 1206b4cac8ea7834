"""What to train, how well it does, and whether it goes live."""

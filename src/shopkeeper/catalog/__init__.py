"""What the catalogue does not say about itself: tags, categories, near-duplicates and key phrases."""

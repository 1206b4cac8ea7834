"""Choose the settings of each recommender on validation cases; nothing here ever sees a test question."""

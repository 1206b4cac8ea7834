"""What is told of candidates to a model that learns from columns: one definition for training and live."""

"""Estimators on matrices that several callers share; they know nothing of shops."""

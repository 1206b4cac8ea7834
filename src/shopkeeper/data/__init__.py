"""Data on its way in: collected, checked, cleaned, stored, and handed on as a frozen `Dataset`."""

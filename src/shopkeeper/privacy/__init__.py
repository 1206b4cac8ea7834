"""What is kept of people: keyed pseudonyms, consent and erasure. Nothing is stored without passing here."""

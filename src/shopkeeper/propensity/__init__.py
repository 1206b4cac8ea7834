"""How likely customers are to do what, in calibrated probabilities that know nothing of the future."""

"""Pages for the people of the shop: sound data, good models, one customer, the catalogue, results."""

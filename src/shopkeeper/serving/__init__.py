"""The live shop: histories from the log, the current model, HTTP and processes."""

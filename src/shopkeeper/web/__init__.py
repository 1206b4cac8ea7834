"""The shop a stranger clicks through: server-rendered pages over the same service every other caller uses."""

"""Pure functions on tensors: no state, no registry, the only place where index arithmetic lives."""

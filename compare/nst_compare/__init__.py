"""Who differs from the truth, where, by how much, and why: every backend on the same pictures."""
